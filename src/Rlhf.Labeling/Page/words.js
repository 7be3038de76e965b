// Where two texts differ, word by word.
import { h } from "./dom.js";

const longest = 1200;

const split = (text) => text.match(/\s+|[\p{L}\p{N}_'’]+|[^\s\p{L}\p{N}_'’]/gu) ?? [];

/** For each piece of both texts, whether it belongs to a longest common subsequence. */
export function common(first, second) {
  const a = split(first);
  const b = split(second);
  const inA = new Uint8Array(a.length);
  const inB = new Uint8Array(b.length);
  // Longer texts would take the page's time; they are shown without marks.
  if (a.length > longest || b.length > longest) return { a, b, inA: inA.fill(1), inB: inB.fill(1) };
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
  return { a, b, inA, inB };
}

/** Both texts as nodes, with what only one of them has in <mark>. */
export function marked(first, second) {
  const { a, b, inA, inB } = common(first, second);
  return [nodes(a, inA), nodes(b, inB)];
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
