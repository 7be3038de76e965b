// What this labeler answered, newest first, to look at again and to change.
import { h } from "./dom.js";
import { readHistory } from "./api.js";
import { describe } from "./label.js";
import { load } from "./clips.js";
import { painterFor } from "./player.js";

const kinds = { clips: "Clips", texts: "Responses", vote: "Vote", ranking: "Ranking", demonstration: "Written response" };

export class HistoryPage {
  #root;
  #list = h("ol", { class: "history" });
  #more;
  #before = null;
  #seen;

  constructor(session, outbox, root) {
    this.#root = root;
    this.outbox = outbox;
    this.#more = h("button", { type: "button", class: "quiet more", hidden: true, onclick: () => this.#load() }, "Show earlier answers");
    // Pictures are fetched when their row comes into sight.
    this.#seen = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((each) => each.isIntersecting)) {
        this.#seen.unobserve(entry.target);
        entry.target.dispatchEvent(new CustomEvent("seen"));
      }
    }, { rootMargin: "200px" });
  }

  async open() {
    await this.outbox.idle(1000);
    document.title = "History – Labeling";
    this.#root.replaceChildren(h("section", { class: "page" },
      h("h1", { tabindex: "-1" }, "Your answers"), h("p", { class: "instructions" }, "Newest first. An answer that you change replaces the one before; both stay on record."), this.#list, this.#more));
    this.#root.removeAttribute("aria-busy");
    await this.#load();
    this.#root.querySelector("h1").focus({ preventScroll: true });
  }

  close() {
    this.#seen.disconnect();
  }

  key() {
    return false;
  }

  async #load() {
    const { items, next } = await readHistory(this.#before);
    this.#before = next;
    this.#list.append(...items.map((item) => this.#row(item)));
    this.#more.hidden = !next;
    if (this.#list.childElementCount === 0) this.#list.replaceWith(h("p", { class: "empty" }, "Nothing yet. What you answer appears here."));
  }

  #row(item) {
    const pictures = item.clips ? [h("canvas", { class: "thumb", width: 192, height: 144, "aria-hidden": "true" }), h("canvas", { class: "thumb", width: 192, height: 144, "aria-hidden": "true" })] : [];
    const chosen = item.previous.answer;
    if (chosen === "left") pictures[0]?.classList.add("chosen");
    if (chosen === "right") pictures[1]?.classList.add("chosen");
    const words = item.prompt ? h("p", { class: "excerpt" }, shorten(item.prompt)) : null;
    const at = new Date(item.at);
    const row = h("li", { class: "card" },
      pictures.length > 0 ? h("div", { class: "thumbs" }, pictures) : null,
      h("div", { class: "what" },
        h("p", {}, h("strong", {}, describe(item.previous)), h("span", { class: "kind" }, ` · ${kinds[item.kind]} · ${item.run}`)), words,
        item.previous.text ? h("p", { class: "excerpt written" }, shorten(item.previous.text)) : null,
        h("p", { class: "when" }, h("time", { datetime: item.at }, at.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })))),
      h("button", { type: "button", class: "answer", onclick: () => {
        sessionStorage.setItem("rlhf-revise", JSON.stringify({ ...item, secondsLeft: null }));
        location.hash = "#label";
      } }, item.kind === "clips" ? "Watch or change" : "Look or change"));
    if (item.clips) {
      row.addEventListener("seen", () => load(item.clips).then((loaded) => {
        const painter = painterFor(loaded);
        [loaded.left, loaded.right].forEach((clip, i) => painter.paint(pictures[i], clip, clip.frames - 1));
      }).catch(() => pictures.forEach((picture) => picture.classList.add("missing"))), { once: true });
      this.#seen.observe(row);
    }
    return row;
  }
}

const shorten = (text) => (text.length > 160 ? `${text.slice(0, 157).trimEnd()}…` : text);

