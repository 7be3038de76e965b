// The labeler writes what a good answer would be: InstructGPT's first step.
import { h, key, plural } from "./dom.js";
import { promptBox } from "./pair.js";

const longest = 20000;

export class DemonstrationView {
  #query;
  #answer;
  #area;
  #submit;
  #count = h("span", { class: "letters" });
  #draft;

  constructor(query, answer) {
    this.#query = query;
    this.#answer = answer;
    this.#draft = `rlhf-draft-${query.query}`;
    this.title = "Write a good response";
    this.#area = h("textarea", {
      id: "demonstration", rows: 10, maxlength: longest, spellcheck: "true", "aria-label": "Your response", placeholder: "Write it as you would want it from the model.", oninput: () => this.#changed(),
    });
    this.#area.value = localStorage.getItem(this.#draft) ?? query.previous?.text ?? "";
    this.#submit = h("button", { type: "button", class: "primary", dataset: { answer: "demonstration" }, onclick: () => this.#send() }, "Submit ", key("Ctrl ↵"));
    this.element = h("div", { class: "query" },
      promptBox(query.prompt),
      h("div", { class: "card writing" }, this.#area, h("div", { class: "below" }, h("span", { class: "hint" }, "Kept as a draft in this browser until you submit it."), this.#count)));
    this.bar = h("div", { class: "answers single" }, this.#submit,
        h("button", { type: "button", class: "answer cannot_tell", dataset: { answer: "cannot_tell" }, onclick: () => this.#skip() }, "Can’t answer this"));
    this.#changed(false);
  }

  renews = true;

  /** What should have the focus when the question appears. */
  get first() {
    return this.#area;
  }

  get enabled() {
    return !this.#area.disabled;
  }

  set enabled(value) {
    this.#area.disabled = !value;
    for (const button of this.bar.querySelectorAll("button")) button.disabled = !value;
    if (value) this.#changed(false);
  }

  key(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return false;
    if (!this.#submit.disabled) this.#send();
    return true;
  }

  close() {}

  #changed(keep = true) {
    const text = this.#area.value;
    this.#submit.disabled = text.trim() === "";
    this.#count.textContent = plural((text.match(/\S+/g) ?? []).length, "word", "words");
    if (!keep) return;
    try {
      localStorage.setItem(this.#draft, text);
    } catch {
      // Without storage there is no draft; the text is still here.
    }
  }

  #send() {
    if (this.#answer({ text: this.#area.value.trim() })) localStorage.removeItem(this.#draft);
  }

  #skip() {
    if (this.#answer({ answer: "cannot_tell" })) localStorage.removeItem(this.#draft);
  }
}
