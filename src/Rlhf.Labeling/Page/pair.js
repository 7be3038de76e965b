// Two things side by side: clips, texts, or the responses of two models that stay unnamed.
import { h, key, toast } from "./dom.js";
import { MarkSwitch, marked } from "./words.js";
import { Player } from "./player.js";
import { Quality } from "./quality.js";

const answers = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "tie",
  ArrowDown: "cannot_tell",
};

const questions = {
  clips: "In which clip do better things happen?",
  texts: "Which response is better?",
  vote: "Which response is better?",
};

/** What an answer is called; on a narrow screen one card stands above the other, and the words follow. */
export function answerName(answer) {
  return {
    left: [h("span", { class: "wide" }, "Left"), h("span", { class: "narrow" }, "Upper")],
    right: [h("span", { class: "wide" }, "Right"), h("span", { class: "narrow" }, "Lower")],
    tie: ["Equally good"],
    cannot_tell: ["Can’t tell"],
  }[answer];
}

export class PairView {
  #query;
  #answer;
  #buttons = {};
  #player = null;
  #qualities = [];
  #enabled = false;
  #closed = false;
  #marks = null;
  #play = null;
  #onlyCannotTell = false;

  /** `answer(body)` hears the choice. */
  constructor(query, answer) {
    this.#query = query;
    this.#answer = answer;
    this.title = questions[query.kind];
    this.element = query.kind === "clips" ? this.#clips() : this.#texts();
    this.bar = this.#bar();
  }

  /** Whether the lock should be renewed while the labeler works: a glance at two clips needs no more than it has. */
  get renews() {
    return this.#query.kind !== "clips";
  }

  get enabled() {
    return this.#enabled;
  }

  set enabled(value) {
    this.#enabled = value;
    for (const [answer, button] of Object.entries(this.#buttons)) button.disabled = !value || (this.#onlyCannotTell && answer !== "cannot_tell");
  }

  key(event) {
    const choice = answers[event.key];
    if (choice) {
      if (this.#enabled && !event.repeat) this.#choose(choice);
      return true;
    }
    if (this.#player) return this.#transport(event.key);
    if (this.#marks?.key(event)) return true;
    return this.#qualities.some((quality) => quality.key(event));
  }

  close() {
    this.#closed = true;
    this.#player?.close();
  }

  #choose(answer) {
    if (this.#onlyCannotTell && answer !== "cannot_tell") {
      toast("Only “can’t tell”: nothing was shown.", "warning");
      return;
    }
    const quality = this.#qualities.map((each) => each.value);
    this.#answer(quality.some((value) => value !== null) ? { answer, quality } : { answer });
  }

  #bar() {
    const previous = this.#query.previous?.answer;
    const button = (answer, cap) => (this.#buttons[answer] = h(
      "button",
      { type: "button", class: `answer ${answer}`, dataset: { answer }, disabled: true, "aria-pressed": previous ? String(previous === answer) : false, onclick: () => this.#choose(answer) },
      key(cap), h("span", {}, answerName(answer)),
    ));
    return h(
      "div", { class: "answers", role: "group", "aria-label": "Your answer" },
      button("left", "←"), button("tie", "↑"), button("cannot_tell", "↓"), button("right", "→"),
    );
  }

  #card(side, ...content) {
    return h("article", { class: `card ${side}`, "aria-label": side === "left" ? "Left" : "Right", dataset: { side } },
      h("div", { class: "tag" }, answerName(side)), content);
  }

  // ---- clips

  #clips() {
    const canvases = ["left", "right"].map((side) => h("canvas", { class: "clip", role: "img", "aria-label": `The ${side} clip`, dataset: { side } }));
    const line = h("span", {});
    const play = h("button", { type: "button", class: "quiet", "aria-label": "Pause", title: "Pause or play (space)", onclick: () => this.#toggle(play) }, "❚❚");
    const step = (frames, text, label, cap) => h("button", {
      type: "button", class: "quiet", "aria-label": label, title: `${label} (${cap})`, onclick: () => { this.#player?.step(frames); this.#showPlaying(play); },
    }, text);
    const transport = h("div", { class: "transport", role: "group", "aria-label": "Playback" },
      step(-1, "‹", "One frame back", ","), play, step(1, "›", "One frame on", "."));
    this.#play = play;
    this.tools = transport;
    const element = h("div", { class: this.#query.clips.scene ? "pair clips" : "pair clips pixels" },
      this.#card("left", canvases[0]), this.#card("right", canvases[1]), h("div", { class: "line", "aria-hidden": "true" }, line));
    this.#query.loaded.then((loaded) => {
      if (this.#closed) return;
      this.#player = new Player(loaded, canvases, (fraction) => { line.style.transform = `scaleX(${fraction})`; });
      this.#showPlaying(play);
      element.dataset.loaded = "";
      this.enabled = true;
    }).catch((error) => this.#broken(element, error));
    return h("div", { class: "query" }, element);
  }

  #broken(element, error) {
    if (this.#closed) return;
    element.dataset.broken = "";
    element.prepend(h("p", { class: "problem", role: "alert" }, `These clips cannot be shown: ${error.message} “Can’t tell” takes you on.`));
    this.#onlyCannotTell = true;
    this.enabled = true;
  }

  #toggle(play) {
    if (!this.#player) return;
    this.#player.playing = !this.#player.playing;
    this.#showPlaying(play);
  }

  #showPlaying(play) {
    play.textContent = this.#player?.playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", this.#player?.playing ? "Pause" : "Play");
  }

  #transport(pressed) {
    if (pressed === " ") this.#toggle(this.#play);
    else if (pressed === "," || pressed === ".") {
      this.#player.step(pressed === "," ? -1 : 1);
      this.#showPlaying(this.#play);
    } else if (pressed === "r") this.#player.restart();
    else return false;
    return true;
  }

  // ---- texts

  #texts() {
    const texts = marked(this.#query.responses.map((response) => response.text)).map((nodes) => h("div", { class: "text", lang: "" }, nodes));
    if (this.#query.asksQuality) this.#qualities = ["left", "right"].map((side, i) => new Quality(`${side} response`, i, this.#query.previous?.quality?.[i] ?? null));
    const pair = h("div", { class: "pair texts" },
      this.#card("left", texts[0], this.#qualities[0]?.element), this.#card("right", texts[1], this.#qualities[1]?.element));
    this.#marks = new MarkSwitch(pair);
    queueMicrotask(() => { this.enabled = true; });
    this.tools = this.#marks.element;
    return h("div", { class: "query" }, promptBox(this.#query.prompt), pair);
  }
}

/** What the responses answer. */
export function promptBox(prompt) {
  return h("section", { class: "prompt", "aria-label": "Prompt" }, h("h2", {}, "Prompt"), h("div", { class: "text", lang: "" }, prompt));
}
