// Answers on their way. One is kept in the browser's storage until the server has said that it is on disk; the claim's id makes a
// second delivery harmless, so after a lost connection everything unacknowledged is simply sent again.
import { post } from "./api.js";

const longestPause = 5000;

export class Outbox {
  #key;
  #waiting;
  #running = false;
  #events;
  #wake = () => {};

  /** `events`: sent(item, result), refused(item, error), waiting(count, error). */
  constructor(labeler, events) {
    this.#key = `rlhf-outbox-${labeler}`;
    this.#events = events;
    this.#waiting = this.#load();
    window.addEventListener("online", () => this.#wake());
  }

  get count() {
    return this.#waiting.length;
  }

  /** Whether an answer on its way is to this path. */
  holds(path) {
    return this.#waiting.some((item) => item.path === path);
  }

  /** Waits until everything has arrived; false where that takes longer than `milliseconds`. */
  async idle(milliseconds) {
    this.flush();
    for (const end = performance.now() + milliseconds; this.#waiting.length > 0; await new Promise((resolve) => setTimeout(resolve, 30))) {
      if (performance.now() > end) return false;
    }
    return true;
  }

  /** Keeps an answer and sends it as soon as those before it have arrived. */
  put(path, body, about) {
    this.#waiting.push({ path, body, about });
    this.#save();
    this.flush();
  }

  /** Sends what waits, the oldest first. */
  async flush() {
    if (this.#running) return;
    this.#running = true;
    let pause = 250;
    try {
      while (this.#waiting.length > 0) {
        const item = this.#waiting[0];
        try {
          const result = await post(item.path, item.body, { keepalive: true });
          this.#done();
          pause = 250;
          this.#events.waiting(0, null);
          this.#events.sent(item, result);
        } catch (error) {
          if (error.status === 401) {
            this.#events.refused(item, error);
            return;
          }
          if (!error.isTransient) {
            this.#done();
            this.#events.refused(item, error);
            continue;
          }
          this.#events.waiting(this.#waiting.length, error);
          const seconds = error.retryAfter > 0 ? error.retryAfter * 1000 : pause;
          await new Promise((resolve) => {
            this.#wake = resolve;
            setTimeout(resolve, seconds);
          });
          pause = Math.min(longestPause, pause * 2);
        }
      }
    } finally {
      this.#running = false;
    }
  }

  #done() {
    this.#waiting.shift();
    this.#save();
  }

  #load() {
    try {
      return JSON.parse(localStorage.getItem(this.#key) ?? "[]");
    } catch {
      return [];
    }
  }

  #save() {
    try {
      if (this.#waiting.length > 0) localStorage.setItem(this.#key, JSON.stringify(this.#waiting));
      else localStorage.removeItem(this.#key);
    } catch {
      // Storage may be full or forbidden: the answer still waits in memory for as long as this page is open.
    }
  }
}
