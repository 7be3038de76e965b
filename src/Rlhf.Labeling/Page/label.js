// The page that asks: one question after the other, its lock, undo, and the wait where there is none.
import { banner, byId, announce, h, key, plural, toast } from "./dom.js";
import { post, readHistory } from "./api.js";
import { answerPath, fetchClips, prepare } from "./queue.js";
import { PairView, answerName } from "./pair.js";
import { RankingView } from "./ranking.js";
import { DemonstrationView } from "./demonstration.js";

const warnAt = 20;
const accident = 250;

const views = { clips: PairView, texts: PairView, vote: PairView, ranking: RankingView, demonstration: DemonstrationView };

export class LabelPage {
  #session;
  #outbox;
  #queue;
  #root;
  #query = null;
  #view = null;
  #answered = [];
  #shownAt = 0;
  #lock;
  #timer = 0;
  #poll = 0;
  #closed = false;
  #renewing = false;
  #undoing = false;
  // The question whose undo was sent and never heard of: until it is, another undo means the same one.
  #unheard = null;
  #work = 0;

  constructor(session, outbox, root) {
    this.#session = session;
    this.#outbox = outbox;
    this.#queue = session.queue;
    this.#root = root;
    this.#timer = setInterval(() => this.#tick(), 250);
    this.onactivity = () => this.#renewIfWorking();
    root.addEventListener("input", this.onactivity);
    root.addEventListener("pointerdown", this.onactivity);
  }

  async open() {
    const revise = sessionStorage.getItem("rlhf-revise");
    sessionStorage.removeItem("rlhf-revise");
    if (revise) this.#show(prepare(JSON.parse(revise)));
    else await this.#next();
  }

  close() {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#poll);
    this.#root.removeEventListener("input", this.onactivity);
    this.#root.removeEventListener("pointerdown", this.onactivity);
    this.#view?.close();
    // Whoever comes back from another page goes on with the same question, while its lock lasts.
    if (this.#query?.claim && !this.#query.expired) this.#queue.putBack(this.#query);
    this.#query = null;
  }

  key(event) {
    if (event.key === "z" || event.key === "Backspace") {
      if (!event.repeat) this.undo();
      return true;
    }
    if (this.#query?.expired) {
      if (event.key === "Enter" || event.key === " ") this.#next();
      return true;
    }
    if (event.key === "Escape" && this.#query && !this.#query.claim) {
      this.#next();
      return true;
    }
    if (event.key === "k" && this.#query) {
      this.#renew();
      return true;
    }
    const handled = this.#view?.key(event) ?? false;
    if (handled) this.#renewIfWorking();
    return handled;
  }

  /** Takes the last answer back and asks again; what is on the page now comes after it. */
  async undo() {
    if (this.#undoing) return;
    this.#undoing = true;
    let query = null;
    try {
      if (!await this.#outbox.idle(3000)) {
        toast("Your last answer is still on its way. It can be undone when it has arrived.", "warning");
        return;
      }
      query = this.#unheard ?? this.#answered.at(-1)?.query ?? await this.#last();
      if (!query) {
        toast("There is nothing to undo.");
        return;
      }
      this.#unheard = query;
      const { question } = await post("api/undo", { query });
      this.#unheard = null;
      this.forget(query);
      this.#session.answered -= 1;
      this.#session.changed();
      if (this.#query?.claim && !this.#query.expired && this.#query.claim !== question.claim) this.#queue.putBack(this.#query);
      this.#show(this.#queue.take(prepare(question)));
    } catch (error) {
      if (error.status === 401) this.#session.lost(error);
      else if (error.isTransient) toast(this.#unheard ? `Perhaps nothing was undone: ${error.message} Undo again to see.` : `Nothing was undone: ${error.message}`, "warning");
      else {
        this.#unheard = null;
        this.forget(query);
        toast(error.message, "warning");
      }
    } finally {
      this.#undoing = false;
    }
  }

  // After a reload, or back from another page, the server knows what was answered last.
  async #last() {
    for (let before = null; ;) {
      const { items, next } = await readHistory(before);
      if (items.length > 0 || !next) return items[0]?.query ?? null;
      before = next;
    }
  }

  async #next() {
    clearTimeout(this.#poll);
    this.#drop();
    const work = ++this.#work;
    let query;
    try {
      query = await this.#queue.next();
    } catch (error) {
      if (this.#closed || work !== this.#work) return;
      if (error.status === 401) this.#session.lost(error);
      else if (error.isTransient) {
        this.#wait("The server cannot be reached right now.", "This page tries again by itself.");
        this.#again(Math.max(1500, error.retryAfter * 1000));
      } else this.#wait("That did not work.", error.message);
      return;
    }
    if (this.#closed || work !== this.#work) {
      if (query) this.#queue.putBack(query);
      return;
    }
    if (query) this.#show(query);
    else {
      this.#wait("No questions right now.", "New ones appear here by themselves as soon as the training asks for them.");
      this.#again(this.#queue.poll);
    }
  }

  #again(after) {
    this.#poll = setTimeout(() => this.#next(), after);
  }

  #drop() {
    this.#view?.close();
    this.#view = null;
    this.#query = null;
  }

  #show(query) {
    clearTimeout(this.#poll);
    this.#work++;
    this.#view?.close();
    this.#query = query;
    this.#view = new views[query.kind](fetchClips(query), (body) => this.#answer(body));
    this.#shownAt = performance.now();
    document.title = `${this.#view.title} – ${query.run}`;
    this.#lock = !query.claim ? h("span", { class: "lock revising" }, "You answered this before") : h("button", {
      type: "button", class: "lock quiet", title: "Others are not shown this question for so long. Press for more time (k).", onclick: () => this.#renew(),
    });
    const heading = h("h1", { tabindex: "-1" }, this.#view.title);
    const before = this.#answered.at(-1);
    this.#root.replaceChildren(h("section", { class: "question", dataset: { kind: query.kind, query: query.query } },
      h("header", { class: "head" }, h("div", {}, heading, h("p", { class: "instructions" }, query.instructions)), this.#lock),
      this.#view.element,
      h("footer", { class: "foot" },
        !query.claim
          ? h("button", { type: "button", class: "quiet", onclick: () => this.#next() }, "Keep my answer ", key("Esc"))
          : h("button", { type: "button", class: "quiet", id: "undo", onclick: () => this.undo() }, "Undo ", key("z")),
        h("span", { class: "before" }, query.previous ? ["Your answer was ", h("strong", {}, describe(query.previous)), query.claim ? ". It was taken back: answer again." : ". Answer again to change it."]
          : before ? ["Last answer: ", h("strong", {}, describe(before.body))] : ""),
        this.#view.tools),
      this.#view.bar));
    this.#root.removeAttribute("aria-busy");
    (this.#view.first ?? heading).focus({ preventScroll: true });
    window.scrollTo(0, 0);
    announce(query.previous ? "A question that you answered before." : "New question.");
    if (query.claim && query.deadline - performance.now() < (this.#session.lockSeconds - 30) * 1000) this.#renew(true);
    this.#tick();
  }

  #answer(body) {
    const query = this.#query;
    if (!query || query.expired) return false;
    // A second press right after a question appeared was meant for the one before; nobody sorts or writes that fast.
    if (body.answer && performance.now() - this.#shownAt < accident) return false;
    if (body.quality?.some((value) => value === null)) {
      toast("Give every response a quality, or none.", "warning");
      return false;
    }
    this.#unheard = null;
    body.seconds = Math.round((performance.now() - this.#shownAt) / 100) / 10;
    if (query.claim) {
      this.#answered.push({ query: query.query, body });
      if (this.#answered.length > 50) this.#answered.shift();
      this.#queue.done(query);
      this.#outbox.put(answerPath(query), body, { query: query.query, counts: 1 });
    } else {
      this.#outbox.put(`api/queries/${query.query}/change`, body, { query: query.query, counts: 0 });
      toast("Changed.");
    }
    this.#next();
    return true;
  }

  /** Of this question no answer is left to be undone. */
  forget(query) {
    this.#answered = this.#answered.filter((each) => each.query !== query);
  }

  #wait(title, text) {
    this.#drop();
    document.title = "Waiting – Labeling";
    if (this.#root.querySelector(".waiting h1")?.textContent === title) return;
    this.#root.replaceChildren(h("section", { class: "waiting" },
      h("div", { class: "pulse", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
      h("h1", { tabindex: "-1" }, title), h("p", {}, text),
      this.#answered.length > 0 ? h("button", { type: "button", class: "quiet", id: "undo", onclick: () => this.undo() }, "Undo the last answer ", key("z")) : null));
    this.#root.removeAttribute("aria-busy");
    announce(`${title} ${text}`);
  }

  #tick() {
    const query = this.#query;
    if (!query?.claim || query.expired) return;
    const left = Math.ceil((query.deadline - performance.now()) / 1000);
    if (left <= 0) {
      this.#expire();
      return;
    }
    this.#lock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    this.#lock.setAttribute("aria-label", `Locked for you for ${plural(left, "more second", "more seconds")}. Press for more time.`);
    if (left <= warnAt && !this.#lock.classList.contains("late")) announce(`${left} seconds left. Press k for more time.`);
    this.#lock.classList.toggle("late", left <= warnAt);
  }

  #expire() {
    this.#query.expired = true;
    this.#queue.done(this.#query);
    this.#view.enabled = false;
    const button = h("button", { type: "button", class: "primary", onclick: () => this.#next() }, "Next question ", key("↵"));
    this.#lock.textContent = "0:00";
    this.#root.querySelector(".question").append(h("div", { class: "expired", role: "alertdialog", "aria-label": "Time is up" },
      h("div", { class: "box" }, h("h2", {}, "Time is up"),
        h("p", {}, "This question was kept for you for two minutes and is free for others again. Nothing of it was counted."), button)));
    button.focus();
  }

  #renewIfWorking() {
    const query = this.#query;
    if (!query?.claim || query.expired || !this.#view?.renews) return;
    if (query.deadline - performance.now() < this.#session.lockSeconds * 500) this.#renew(true);
  }

  async #renew(silently = false) {
    const query = this.#query;
    if (!query?.claim || query.expired || this.#renewing) return;
    this.#renewing = true;
    try {
      const { secondsLeft } = await post(`api/claims/${query.claim}/renew`);
      query.deadline = performance.now() + secondsLeft * 1000;
      if (!silently) announce("More time.");
    } catch (error) {
      if (error.status === 410 && this.#query === query && !query.expired) this.#expire();
    } finally {
      this.#renewing = false;
    }
  }
}

/** An earlier answer in words. */
export function describe(previous) {
  if (previous.answer) return answerName(previous.answer);
  if (previous.ranks) return [`order ${previous.ranks.map((rank, i) => [rank, String.fromCharCode(65 + i)]).sort((a, b) => a[0] - b[0]).map(([rank, letter], i, all) => (i > 0 ? (all[i - 1][0] === rank ? " = " : " > ") : "") + letter).join("")}`];
  return ["written"];
}

/** Tells how many answers still wait for the server. */
export function showWaiting(count, error) {
  if (count === 0) banner("");
  else if (error?.status === 429) banner("The server asks to slow down. Your answers are kept and sent in a moment.");
  else banner(`No connection to the server. ${plural(count, "answer is", "answers are")} kept in this browser and sent as soon as it is back.`);
  byId("main").dataset.waiting = count;
}
