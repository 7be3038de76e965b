// The keys, in a dialog.
import { h, key } from "./dom.js";
import { remove } from "./api.js";

const rows = [
  [["←", "→"], "the left or the right one is better"],
  [["↑"], "equally good"],
  [["↓"], "can’t tell: nothing to decide on was seen"],
  [["z", "Backspace"], "undo: answer the last question again"],
  [["space", ",", "."], "pause or play; one frame back or on"],
  [["r"], "start the clips again"],
  [["d"], "mark in each response the words that not all of the others share"],
  [["1", "…", "7"], "quality of the focused response"],
  [["Shift ↑", "Shift ↓", "="], "rankings: move a response, set it level with the one above"],
  [["Ctrl ↵"], "submit a ranking or a written response"],
  [["k"], "more time for this question"],
  [["Esc"], "keep an earlier answer as it is"],
  [["?"], "this help"],
];

/** Whether letters are keys; screen reader and speech users may want them off (WCAG 2.1.4). */
export const lettersAreKeys = () => localStorage.getItem("rlhf-letters") !== "off";

export function showHelp(session) {
  const letters = h("input", { type: "checkbox", checked: lettersAreKeys(), onchange: (event) => localStorage.setItem("rlhf-letters", event.target.checked ? "on" : "off") });
  const close = h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Close");
  const dialog = h("dialog", { class: "help", "aria-labelledby": "help-title", onclose: () => dialog.remove() },
    h("h2", { id: "help-title", tabindex: "-1", autofocus: true }, "How to label"),
    h("p", {}, "Look at both, and choose the one in which better things happen. Decide only on what you see; if nothing in it decides, say “can’t tell”. Three to five seconds are enough for a pair of clips."),
    h("table", { class: "keys" }, h("tbody", {}, rows.map(([keys, text]) => h("tr", {}, h("th", { scope: "row" }, keys.map((each) => [key(each), h("span", { class: "unseen" }, `${spoken(each)} `)]).flat()), h("td", {}, text))))),
    h("label", { class: "marks" }, letters, " Single letters are keys"),
    h("div", { class: "row end" },
      h("button", { type: "button", class: "quiet", onclick: () => remove("api/session").finally(() => location.reload()) }, `Sign out ${session.name}`), close));
  document.body.append(dialog);
  dialog.showModal();
}

const spoken = (text) => ({ "←": "left arrow", "→": "right arrow", "↑": "up arrow", "↓": "down arrow", "=": "equals", ",": "comma", ".": "full stop", "…": "to" }[text] ?? text);
