// Clips: fetched as plain numbers, drawn frame by frame.
import { bytes } from "./api.js";

const frameSide = 84;

/** Both clips of a question. Throws one sentence where one of them is not what it should be, so that nobody judges an empty picture. */
export async function load(clips) {
  const [left, right] = await Promise.all([clips.left, clips.right].map((clip) => loadClip(clip, clips)));
  return { left, right, scene: clips.scene, framesPerSecond: clips.framesPerSecond };
}

// Two int32 say how many frames follow, and how many numbers each has.
async function loadClip(clip, { scene }) {
  const buffer = await bytes(clip.url);
  const [frames, values] = buffer.byteLength > 8 ? new Int32Array(buffer, 0, 2) : [0, 0];
  if (frames < 1 || values < 1 || buffer.byteLength !== 8 + frames * values * (scene ? 4 : 1)) {
    throw new Error(`A clip came with ${buffer.byteLength} bytes, which is not ${frames} frames of ${values}.`);
  }
  if (!scene) {
    if (values !== frameSide * frameSide) throw new Error(`A frame has ${values} pixels, expected ${frameSide} by ${frameSide}.`);
    return { frames, pixels: new Uint8Array(buffer, 8) };
  }
  const poses = new Float32Array(buffer, 8);
  if (values !== scene.shapes.length * 6) throw new Error(`A pose has ${values} numbers, expected six for each of ${scene.shapes.length} shapes.`);
  if (!poses.every(Number.isFinite)) throw new Error("A clip holds numbers that are not finite.");
  return { frames, values, poses };
}

/** Frames of grey pixels, enlarged without blur. */
export class PixelPainter {
  #small = new OffscreenCanvas(frameSide, frameSide);
  #image;

  constructor() {
    this.#image = this.#small.getContext("2d").createImageData(frameSide, frameSide);
  }

  paint(canvas, clip, frame) {
    const data = this.#image.data;
    const from = frame * frameSide * frameSide;
    for (let i = 0; i < frameSide * frameSide; i++) {
      const grey = clip.pixels[from + i];
      data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = grey;
      data[4 * i + 3] = 255;
    }
    this.#small.getContext("2d").putImageData(this.#image, 0, 0);
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    // A whole multiple keeps every pixel the same size.
    const fit = Math.min(canvas.width, canvas.height) / frameSide;
    const scale = fit > 1 ? Math.floor(fit) : fit;
    const side = frameSide * scale;
    context.drawImage(this.#small, (canvas.width - side) / 2, (canvas.height - side) / 2, side, side);
  }
}
