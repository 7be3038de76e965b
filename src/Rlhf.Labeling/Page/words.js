// Where texts differ, word by word.
import { h, key } from "./dom.js";

const longest = 1200;

const split = (text) => text.match(/\s+|[\p{L}\p{N}_'’]+|[^\s\p{L}\p{N}_'’]/gu) ?? [];

// For each piece of both texts, whether it belongs to a longest common subsequence.
function common(a, b) {
  const inA = new Uint8Array(a.length);
  const inB = new Uint8Array(b.length);
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] = a[i] === b[j]
        ? table[(i + 1) * width + j + 1] + 1
        : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      inA[i++] = 1;
      inB[j++] = 1;
    } else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) i++;
    else j++;
  }
  return [inA, inB];
}

/** Each text as nodes; in <mark> what it does not share with all of the others. */
export function marked(texts) {
  const pieces = texts.map(split);
  const shared = pieces.map((each) => new Uint8Array(each.length).fill(1));
  // Longer texts would take the page's time; they are shown without marks.
  if (pieces.every((each) => each.length <= longest)) {
    for (let i = 0; i < pieces.length; i++) {
      for (let j = i + 1; j < pieces.length; j++) {
        common(pieces[i], pieces[j]).forEach((both, side) => {
          const all = shared[side === 0 ? i : j];
          both.forEach((is, at) => { all[at] &= is; });
        });
      }
    }
  }
  return pieces.map((each, i) => nodes(each, shared[i]));
}

/** The switch of the marks within an element; what was chosen holds for later questions too. */
export class MarkSwitch {
  #box;

  constructor(element) {
    const show = () => element.classList.toggle("unmarked", !this.#box.checked);
    this.#box = h("input", { type: "checkbox", checked: localStorage.getItem("rlhf-marks") !== "off", onchange: () => {
      localStorage.setItem("rlhf-marks", this.#box.checked ? "on" : "off");
      show();
    } });
    this.element = h("label", { class: "marks" }, this.#box, " Mark the words that differ ", key("d"));
    show();
  }

  key(event) {
    if (event.key !== "d") return false;
    this.#box.click();
    return true;
  }
}

function nodes(pieces, shared) {
  const result = [];
  let run = "";
  let runShared = true;
  const end = () => {
    // A mark ends with its last word, not with the blank behind it.
    const [, blank, words, rest] = /^(\s*)([^]*?)(\s*)$/.exec(run);
    if (runShared || !words) result.push(run);
    else result.push(blank, h("mark", {}, words), rest);
    run = "";
  };
  pieces.forEach((piece, i) => {
    // Blanks belong to what they stand between, so that a changed phrase is one mark.
    const same = piece.trim() ? shared[i] === 1 : runShared;
    if (same !== runShared) end();
    runShared = same;
    run += piece;
  });
  end();
  return result.filter((node) => node !== "");
}
