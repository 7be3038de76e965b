// Questions fetched before they are needed, with their clips, so that the next one is there at once.
import { post, remove } from "./api.js";
import { load } from "./clips.js";

const ahead = 2;
const most = 8;
const tooLate = 5000;
const firstPoll = 1500;
const longestPoll = 8000;
const longestClipPause = 2000;

export const answerPath = (query) => `api/claims/${query.claim}/answer`;

export class Queue {
  #outbox;
  #ready = [];
  #taken = new Map();
  #done = new Set();
  #fetching = null;
  #poll = firstPoll;

  constructor(outbox) {
    this.#outbox = outbox;
  }

  /** The next question; null where there is none right now. */
  async next() {
    await (this.#ready.length > 0 ? null : this.fill());
    for (let query = this.#ready.shift(); query; query = this.#ready.shift()) {
      if (query.deadline - performance.now() < tooLate) {
        this.release(query);
        continue;
      }
      this.take(query);
      this.fill().catch(() => {});
      return query;
    }
    return null;
  }

  /** Notes that a question is on the page. */
  take(query) {
    this.#ready = this.#ready.filter((each) => each.claim !== query.claim);
    this.#taken.set(query.claim, query);
    return query;
  }

  /** Puts a question aside: it comes next. */
  putBack(query) {
    this.#taken.delete(query.claim);
    this.#ready.unshift(query);
  }

  /** Notes that a question is answered, or lost: it is not asked again under this claim. */
  done(query) {
    this.#taken.delete(query.claim);
    this.#done.add(query.claim);
  }

  /** Asks for as many as are missing. Throws what the server says. */
  fill() {
    if (this.#ready.length >= ahead) return Promise.resolve();
    this.#fetching ??= this.#fetch().finally(() => { this.#fetching = null; });
    return this.#fetching;
  }

  async #fetch() {
    // The server answers with everything that is held, its locks begun anew; answers on their way still count among it.
    const count = Math.min(most, this.#taken.size + this.#outbox.count + ahead);
    const { claims } = await post("api/claims", { count });
    let added = 0;
    for (const claim of claims.map(prepare)) {
      if (this.#done.has(claim.claim) || this.#outbox.holds(answerPath(claim))) continue;
      const known = this.#taken.get(claim.claim) ?? this.#ready.find((query) => query.claim === claim.claim);
      if (known) known.deadline = claim.deadline;
      else {
        fetchClips(claim);
        this.#ready.push(claim);
        added++;
      }
    }
    this.#poll = added > 0 ? firstPoll : Math.min(longestPoll, this.#poll * 1.4);
  }

  /** Milliseconds to wait before asking again where there was nothing. */
  get poll() {
    return this.#poll;
  }

  /** Gives a question back to the others. */
  release(query) {
    this.done(query);
    remove(`api/claims/${query.claim}`, { keepalive: true }).catch(() => {});
  }
}

/** Turns the seconds left into a deadline of this page's own clock. */
export function prepare(query) {
  query.deadline = performance.now() + (query.secondsLeft ?? 0) * 1000;
  return query;
}

/** Starts the download of a question's clips, once. */
export function fetchClips(query) {
  if (!query.clips || query.loaded) return query;
  query.loaded = loadUntilLate(query);
  // Whoever shows the question looks at the failure; until then it is no unhandled one.
  query.loaded.catch(() => {});
  return query;
}

// A server that is away for a moment costs no question: its clips are asked for again for as long as its lock lasts.
async function loadUntilLate(query) {
  for (let pause = 250; ; pause = Math.min(longestClipPause, pause * 2)) {
    try {
      return await load(query.clips);
    } catch (error) {
      const wait = error.retryAfter > 0 ? error.retryAfter * 1000 : pause;
      if (!error.isTransient || (query.claim && performance.now() + wait > query.deadline)) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
