// Elements by hand: text is always a text node, so nothing that a model wrote can become markup.

/** Makes an element. `on…` are listeners, `class`, `dataset` and plain attributes otherwise; false and null leave an attribute out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Says a sentence to screen readers. */
export function announce(text) {
  byId("live").textContent = text;
}

let toastTimer = 0;

/** A short message that goes away by itself; also said aloud. */
export function toast(text, kind = "info") {
  const element = byId("toast");
  element.textContent = text;
  element.dataset.kind = kind;
  element.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { element.hidden = true; }, kind === "info" ? 2600 : 7000);
}

/** A message that stays until it is no longer true; an empty one takes it away. */
export function banner(text) {
  const element = byId("banner");
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

/** The cap of a key, for the eyes: the control's name says it to everyone else. */
export const key = (text) => h("kbd", { "aria-hidden": "true" }, text);

export const plural = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
