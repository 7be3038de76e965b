// K responses in order, best first. Drag them, use the buttons, or the keys; two that stand level share a rank.
import { announce, h, key } from "./dom.js";
import { promptBox } from "./pair.js";
import { Quality } from "./quality.js";
import { MarkSwitch, marked } from "./words.js";

export class RankingView {
  #query;
  #answer;
  #items;
  #list;
  #submit;
  #marks;

  constructor(query, answer) {
    this.#query = query;
    this.#answer = answer;
    this.title = `Put ${query.responses.length} responses in order, best first`;
    const previous = query.previous?.ranks;
    const qualities = query.previous?.quality;
    this.#items = marked(query.responses.map((response) => response.text)).map((text, index) => this.#item(text, index, qualities?.[index] ?? null));
    if (previous) {
      this.#items.sort((a, b) => previous[a.index] - previous[b.index]);
      this.#items.forEach((item, i) => { item.level = i > 0 && previous[item.index] === previous[this.#items[i - 1].index]; });
    }
    this.#list = h("ol", { class: "ranking" }, this.#items.map((item) => item.element));
    this.#marks = new MarkSwitch(this.#list);
    this.tools = this.#marks.element;
    this.#submit = h("button", { type: "button", class: "primary", dataset: { answer: "ranking" }, onclick: () => this.#send() }, "Submit this order ", key("Ctrl ↵"));
    this.element = h("div", { class: "query" },
      promptBox(query.prompt),
      h("p", { class: "hint wide" },
        "Drag, or focus a response and press ", key("↑"), " ", key("↓"), " to walk, ", key("Shift ↑"), " ", key("Shift ↓"), " to move it, ", key("="), " to set it level with the one above."),
      h("p", { class: "hint narrow" }, "Drag by the number, or use the arrows; = sets a response level with the one above."),
      this.#list);
    this.bar = h("div", { class: "answers single" }, this.#submit,
      h("button", { type: "button", class: "answer cannot_tell", dataset: { answer: "cannot_tell" }, onclick: () => this.#answer({ answer: "cannot_tell" }) }, "Can’t tell"));
    this.#number();
    this.enabled = true;
  }

  renews = true;

  get enabled() {
    return !this.#submit.disabled;
  }

  set enabled(value) {
    for (const button of this.bar.querySelectorAll("button")) button.disabled = !value;
  }

  close() {}

  /** Competition ranks in the order shown: 1 is best, level ones are equal, as 1 2 2 4. */
  get ranks() {
    const ranks = new Array(this.#items.length);
    let rank = 1;
    this.#items.forEach((item, i) => {
      if (!item.level || i === 0) rank = i + 1;
      ranks[item.index] = rank;
    });
    return ranks;
  }

  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      if (this.enabled) this.#send();
      return true;
    }
    if (this.#marks.key(event)) return true;
    const at = this.#items.findIndex((item) => item.element.contains(document.activeElement));
    if (at < 0) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return false;
      this.#items[event.key === "ArrowDown" ? 0 : this.#items.length - 1].element.focus();
      return true;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      if (event.shiftKey || event.altKey) this.#move(at, at + step);
      else this.#items[Math.min(this.#items.length - 1, Math.max(0, at + step))].element.focus();
      return true;
    }
    if (event.key === "=" || event.key === "t") {
      this.#level(at);
      return true;
    }
    return this.#items[at].quality?.key(event) ?? false;
  }

  #item(text, index, quality) {
    const item = { index, level: false, quality: this.#query.asksQuality ? new Quality(`response ${letter(index)}`, index, quality) : null };
    const button = (text, label, act) => h("button", { type: "button", class: "quiet", "aria-label": label, title: label, onclick: act }, text);
    const place = () => this.#items.indexOf(item);
    item.badge = h("span", { class: "rank" });
    item.levelButton = button("=", `Response ${letter(index)}: level with the one above`, () => this.#level(place()));
    item.element = h("li", { class: "card", tabindex: "0", dataset: { index } },
      h("div", { class: "handle", "aria-hidden": "true", title: "Drag", onpointerdown: (event) => this.#drag(event, item) }, item.badge, h("span", { class: "grip" }, "⠿")),
      h("div", { class: "body" }, h("div", { class: "text", lang: "" }, text), item.quality?.element),
      h("div", { class: "moves" },
        button("▲", `Response ${letter(index)}: move up`, () => this.#move(place(), place() - 1)),
        button("▼", `Response ${letter(index)}: move down`, () => this.#move(place(), place() + 1)),
        item.levelButton));
    return item;
  }

  #move(from, to) {
    if (to < 0 || to >= this.#items.length || from === to) return;
    const [item] = this.#items.splice(from, 1);
    item.level = false;
    this.#items.splice(to, 0, item);
    // What followed the moved one must not be level with a new neighbour by accident.
    const follower = this.#items[from < to ? from : from + 1];
    if (follower && follower !== item && from < to) follower.level = follower.level && from > 0;
    this.#place(item, from, to);
    this.#number();
    announce(`Response ${letter(item.index)}: rank ${this.ranks[item.index]} of ${this.#items.length}`);
  }

  // The others step aside: what is moved keeps its place in the page, and with it the focus and the pointer that holds it.
  #place(item, from, to) {
    const others = this.#items.slice(Math.min(from, to), Math.max(from, to) + 1).filter((other) => other !== item).map((other) => other.element);
    if (to > from) item.element.before(...others);
    else item.element.after(...others);
  }

  #level(at) {
    if (at < 1) return;
    const item = this.#items[at];
    item.level = !item.level;
    this.#number();
    announce(item.level ? `Response ${letter(item.index)} is level with the one above, rank ${this.ranks[item.index]}` : `Response ${letter(item.index)}: rank ${this.ranks[item.index]}`);
  }

  #number() {
    if (this.#items.length > 0) this.#items[0].level = false;
    const ranks = this.ranks;
    this.#items.forEach((item, i) => {
      item.badge.textContent = ranks[item.index];
      item.element.classList.toggle("level", item.level);
      item.element.setAttribute("aria-label", `Response ${letter(item.index)}, rank ${ranks[item.index]} of ${this.#items.length}`);
      item.levelButton.disabled = i === 0;
      item.levelButton.setAttribute("aria-pressed", String(item.level));
    });
  }

  #drag(event, item) {
    if (event.button !== 0) return;
    event.preventDefault();
    const handle = event.currentTarget;
    handle.setPointerCapture(event.pointerId);
    item.element.classList.add("dragged");
    const move = (at) => {
      const over = this.#items.findIndex((other) => {
        const box = other.element.getBoundingClientRect();
        return at.clientY < box.top + box.height / 2;
      });
      const from = this.#items.indexOf(item);
      const to = over < 0 ? this.#items.length - 1 : over > from ? over - 1 : over;
      if (to !== from) this.#move(from, to);
    };
    const end = () => {
      item.element.classList.remove("dragged");
      handle.removeEventListener("pointermove", move);
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end, { once: true });
    handle.addEventListener("pointercancel", end, { once: true });
  }

  #send() {
    const quality = this.#query.responses.map((_, index) => this.#items.find((item) => item.index === index).quality?.value ?? null);
    this.#answer(quality.some((value) => value !== null) ? { ranks: this.ranks, quality } : { ranks: this.ranks });
  }
}

const letter = (index) => String.fromCharCode(65 + index);
