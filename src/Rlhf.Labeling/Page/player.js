// Two clips on one clock: they start together, end with a short pause, and begin again.
import { PixelPainter } from "./clips.js";
import { ScenePainter } from "./scene.js";

const pause = 0.4;

export class Player {
  #sides;
  #painter;
  #rate;
  #length;
  #time = 0;
  #last = null;
  #request = 0;
  #playing;
  #observer;
  #onframe;

  /** `canvases` are drawn on from `loaded.left` and `loaded.right`; `onframe(fraction)` hears where the loop stands. */
  constructor(loaded, canvases, onframe = () => {}) {
    this.#sides = [{ clip: loaded.left, canvas: canvases[0], frame: -1 }, { clip: loaded.right, canvas: canvases[1], frame: -1 }];
    this.#painter = painterFor(loaded);
    this.#rate = loaded.framesPerSecond;
    this.#length = Math.max(loaded.left.frames, loaded.right.frames);
    this.#onframe = onframe;
    this.#observer = new ResizeObserver(() => this.#draw(true));
    for (const side of this.#sides) this.#observer.observe(side.canvas);
    this.#draw(true);
    this.playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  get playing() {
    return this.#playing;
  }

  set playing(value) {
    this.#playing = value;
    cancelAnimationFrame(this.#request);
    this.#last = null;
    if (value) this.#request = requestAnimationFrame((now) => this.#tick(now));
  }

  /** Stops, and goes one frame on or back. */
  step(frames) {
    this.playing = false;
    const frame = (Math.min(this.#length - 1, Math.floor(this.#time * this.#rate)) + frames + this.#length) % this.#length;
    this.#time = (frame + 0.5) / this.#rate;
    this.#draw(false);
  }

  restart() {
    this.#time = 0;
    this.#draw(false);
  }

  close() {
    cancelAnimationFrame(this.#request);
    this.#observer.disconnect();
  }

  #tick(now) {
    if (this.#last !== null) this.#time += Math.min(0.25, (now - this.#last) / 1000);
    this.#last = now;
    const period = this.#length / this.#rate + pause;
    if (this.#time >= period) this.#time %= period;
    this.#draw(false);
    this.#request = requestAnimationFrame((next) => this.#tick(next));
  }

  #draw(resized) {
    const position = Math.floor(this.#time * this.#rate);
    for (const side of this.#sides) {
      const size = resized && fit(side.canvas);
      // The shorter clip and the pause at the end hold the last frame.
      const frame = Math.min(position, side.clip.frames - 1);
      if (frame === side.frame && !size) continue;
      side.frame = frame;
      this.#painter.paint(side.canvas, side.clip, frame);
      side.canvas.dataset.frame = frame;
    }
    this.#onframe(Math.min(1, (position + 1) / this.#length));
  }
}

/** Gives a canvas as many pixels as the screen shows of it; says whether that changed. */
export function fit(canvas) {
  const scale = Math.min(2, window.devicePixelRatio || 1);
  const width = Math.max(1, Math.round(canvas.clientWidth * scale));
  const height = Math.max(1, Math.round(canvas.clientHeight * scale));
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}

/** What draws the frames of these clips. */
export const painterFor = (loaded) => (loaded.scene ? new ScenePainter(loaded.scene) : new PixelPainter());
