// How good one response is by itself, 1 to 7, as InstructGPT's labelers said it. Optional.
import { h } from "./dom.js";

let groups = 0;

export class Quality {
  #inputs;

  constructor(of, index, value = null) {
    const name = `quality-${groups++}`;
    this.#inputs = Array.from({ length: 7 }, (_, i) => h("input", { type: "radio", name, value: i + 1, checked: value === i + 1, "aria-label": `${i + 1} of 7` }));
    this.index = index;
    this.element = h("fieldset", { class: "quality" },
      h("legend", {}, "Quality ", h("span", { class: "unseen" }, `of the ${of}, 1 to 7`)),
      h("span", { class: "end", "aria-hidden": "true" }, "poor"),
      this.#inputs.map((input, i) => h("label", {}, input, h("span", { "aria-hidden": "true" }, String(i + 1)))),
      h("span", { class: "end", "aria-hidden": "true" }, "perfect"));
  }

  get value() {
    const checked = this.#inputs.find((input) => input.checked);
    return checked ? Number(checked.value) : null;
  }

  /** A digit rates the response that has the focus. */
  key(event) {
    const digit = Number(event.key);
    if (!(digit >= 1 && digit <= 7) || !this.element.closest(".card")?.contains(document.activeElement)) return false;
    this.#inputs[digit - 1].checked = true;
    if (this.element.contains(document.activeElement)) this.#inputs[digit - 1].focus();
    return true;
  }
}
