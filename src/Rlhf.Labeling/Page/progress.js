// How far the labelling is, and how far people and the reward model agree.
import { h } from "./dom.js";
import { get } from "./api.js";

const every = 5000;

export class ProgressPage {
  #root;
  #timer = 0;
  #section = h("section", { class: "page" });

  constructor(session, outbox, root) {
    this.#root = root;
    this.outbox = outbox;
    this.session = session;
  }

  async open() {
    document.title = "Progress – Labeling";
    await this.outbox.idle(1000);
    await this.#load();
    this.#root.replaceChildren(this.#section);
    this.#root.removeAttribute("aria-busy");
    this.#section.querySelector("h1").focus({ preventScroll: true });
    this.#timer = setInterval(() => this.#load().catch(() => {}), every);
  }

  close() {
    clearInterval(this.#timer);
  }

  key() {
    return false;
  }

  async #load() {
    const { runs } = await get("api/progress");
    this.#section.replaceChildren(h("h1", { tabindex: "-1" }, "Progress"),
      ...(runs.length > 0 ? runs.map((run) => this.#run(run)) : [h("p", { class: "empty" }, "No training has asked for labels yet.")]));
  }

  #run(run) {
    const all = run.answered + run.waiting;
    const share = all > 0 ? run.answered / all : 0;
    const number = (value, text) => h("div", { class: "number" }, h("strong", {}, value), h("span", {}, text));
    return h("article", { class: "card run", "aria-label": run.name },
      h("h2", {}, run.name, h("span", { class: "kind" }, ` · ${run.environment}`)),
      h("p", { class: "instructions" }, run.instructions),
      h("div", { class: "meter", role: "progressbar", "aria-label": "Answered so far", "aria-valuemin": "0", "aria-valuemax": String(all), "aria-valuenow": String(run.answered) }, meterFill(share)),
      h("div", { class: "numbers" },
        number(run.answered.toLocaleString("en"), `answered of ${all.toLocaleString("en")} asked so far`),
        number(run.mine.toLocaleString("en"), "by you"),
        number(run.locked.toLocaleString("en"), "being looked at now"),
        number(run.cannotTell.toLocaleString("en"), "could not be told")),
      run.labelers.length > 1 ? h("table", {}, h("caption", {}, "Labelers"),
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Name"), h("th", { scope: "col", class: "n" }, "Answers"))),
        h("tbody", {}, run.labelers.map((each) => h("tr", {}, h("th", { scope: "row" }, each.name, each.you ? " (you)" : ""), h("td", { class: "n" }, each.answers.toLocaleString("en")))))) : null,
      this.#agreement(run));
  }

  #agreement({ agreement }) {
    if (agreement.length === 0) return h("p", { class: "hint" }, "Agreement appears once two labelers, or a labeler and the reward model, have judged the same pairs.");
    return h("table", {}, h("caption", {}, "Agreement"),
      h("thead", {}, h("tr", {}, ["Between", "Pairs", "Agree", "Cohen’s κ"].map((text, i) => h("th", { scope: "col", class: i > 0 ? "n" : false }, text)))),
      h("tbody", {}, agreement.map((row) => h("tr", {},
        h("th", { scope: "row" }, `${row.first} and ${row.second}`),
        h("td", { class: "n" }, row.pairs.toLocaleString("en")),
        h("td", { class: "n" }, `${Math.round(100 * row.share)} %`),
        h("td", { class: "n" }, row.kappa === null ? "–" : h("span", { title: strength(row.kappa) }, row.kappa.toFixed(2), h("span", { class: "kind" }, ` ${strength(row.kappa)}`)))))));
  }
}

function meterFill(share) {
  const fill = h("i");
  fill.style.width = `${100 * share}%`;
  return fill;
}

// Landis and Koch's words (1977).
function strength(kappa) {
  if (kappa < 0) return "worse than chance";
  return ["slight", "fair", "moderate", "substantial", "almost perfect"][Math.min(4, Math.floor(kappa * 5))];
}

