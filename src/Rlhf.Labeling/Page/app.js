// Puts the pages together: who is here, which page, and which key goes where.
import { announce, byId, h, plural, toast } from "./dom.js";
import { Outbox } from "./outbox.js";
import { Queue } from "./queue.js";
import { askForLink, signIn, takeInvitation } from "./signin.js";
import { LabelPage, showWaiting } from "./label.js";
import { HistoryPage } from "./history.js";
import { ProgressPage } from "./progress.js";
import { lettersAreKeys, showHelp } from "./help.js";

const pages = { label: LabelPage, history: HistoryPage, progress: ProgressPage };
const root = byId("main");
let session = null;
let outbox = null;
let page = null;

async function start() {
  const invitation = takeInvitation();
  for (let pause = 500; ; pause = Math.min(5000, pause * 2)) {
    try {
      session = await signIn(invitation, root);
      break;
    } catch (error) {
      root.replaceChildren(h("p", { class: "empty" }, error.message, " This page tries again by itself."));
      await new Promise((resolve) => setTimeout(resolve, Math.max(pause, (error.retryAfter ?? 0) * 1000)));
    }
  }
  if (!session) return;
  session.lost = lost;
  session.changed = showCount;
  outbox = new Outbox(session.id, { sent, refused, waiting: showWaiting });
  session.queue = new Queue(outbox);
  byId("run").textContent = session.run ?? "Labeling";
  byId("name").textContent = session.name;
  byId("nav").hidden = byId("who").hidden = false;
  byId("help").addEventListener("click", () => showHelp(session));
  showCount();
  window.addEventListener("hashchange", route);
  document.addEventListener("keydown", press);
  outbox.flush();
  await route();
}

async function route() {
  const name = location.hash.slice(1) in pages ? location.hash.slice(1) : "label";
  page?.close();
  root.setAttribute("aria-busy", "true");
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  page = new pages[name](session, outbox, root);
  try {
    await page.open();
  } catch (error) {
    if (error.status === 401) lost(error);
    else root.replaceChildren(h("p", { class: "empty", role: "alert" }, error.message, " ", h("button", { type: "button", class: "quiet", onclick: route }, "Try again")));
  }
}

function press(event) {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  const control = event.target.closest?.("input:not([type=checkbox]), textarea, select");
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  // Keys belong to a field that has the focus, but for submitting it; browsers' own combinations are left alone.
  if (control && !(event.key === "Enter" && (event.ctrlKey || event.metaKey))
    && !(control.type === "radio" && /^[1-7z]$/.test(event.key))) return;
  if (!plain && !(event.key === "Enter" && !event.altKey) && !(event.altKey && event.key.startsWith("Arrow") && event.target.closest?.(".ranking"))) return;
  if ((event.key === " " || event.key === "Enter") && event.target.closest?.("button, a, summary") && plain) return;
  if (/^\p{L}$/u.test(event.key) && !lettersAreKeys()) return;
  if (event.key === "?") {
    showHelp(session);
    event.preventDefault();
  } else if (page?.key(event)) event.preventDefault();
}

function sent(item, result) {
  if (result.repeated) return;
  session.answered += item.about.counts;
  showCount();
}

function refused(item, error) {
  if (error.status === 401) {
    lost(error);
    return;
  }
  page?.forget?.(item.about.query);
  showWaiting(outbox.count, null);
  toast(error.status === 410 ? "That answer came too late: the question was free for others again. It was not counted."
    : error.status === 409 ? "That question has its answer already. Yours was not counted." : error.message, "warning");
}

function lost(error) {
  page?.close();
  page = null;
  byId("nav").hidden = byId("who").hidden = true;
  askForLink(root, error.message);
  announce(error.message);
}

function showCount() {
  byId("count").textContent = plural(session.answered, "answer", "answers");
}

start();
