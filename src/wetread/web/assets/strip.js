// The critical strip: every open critical result with its running timer, on every page. Loud when overdue by word, sign and colour; nothing flashes.
import { get } from "./api.js";
import { ACTS, applies, ask, tellDialog } from "./critical_acts.js";
import { byNeed, holder, isOverdue, lastPaged, stateWords, timer, unanswered, whatNext } from "./critical_words.js";
import { byId, h, s, show } from "./dom.js";
import { personName, visible } from "./format.js";
import { may } from "./session.js";

let ahead_ms = 0; // the server's clock before this one's
export const serverNow = () => new Date(Date.now() + ahead_ms);

export async function openCriticals() {
  const answer = await get("/api/criticals", { background: true });
  ahead_ms = new Date(answer.now) - Date.now();
  return answer.criticals.sort(byNeed);
}

export const sign = (overdue) => s("svg", { class: "sign", viewBox: "0 0 16 16", "aria-hidden": "true" }, overdue ? s("path", { d: "M8 1 15.5 15H.5Z" }) : s("circle", { cx: 8, cy: 8, r: 6.5 }), s("path", { class: "ink", d: overdue ? "M8 5.6v4.6M8 12v1.4" : "M8 4.4V8l2.6 1.8" }));

const MOST = 4; // lines above the worklist; the rest is counted
const news = (result) => `${result.critical_key} ${result.reason}`; // a later image may add a finding to a result

export class CriticalStrip {
  // `slim` shows one line: what waits for a person now; the study on screen first. `listed`: the page itself lists them all.
  constructor({ slim = true, listed = false, studyKey = null, onActed = () => {}, leave = (path) => location.assign(path) } = {}) {
    Object.assign(this, { slim, listed, studyKey, onActed, leave, results: [], waiting: [], known: null, late: new Set() });
    this.element = byId("critical");
    this.element.classList.toggle("slim", slim);
    this.title = document.title;
    setInterval(() => this.tick(), 1000);
  }

  get shown() {
    const mine = (each) => each.study_key === this.studyKey;
    if (!this.slim) return this.results;
    const urgent = this.results.filter((each) => mine(each) || unanswered(each) || isOverdue(each, serverNow()));
    return [...urgent.filter(mine), ...urgent.filter((each) => !mine(each))];
  }

  async refresh() {
    if (!may("see_worklist")) return;
    this.results = await openCriticals();
    tellDialog(this.results);
    this.announce();
    this.draw();
  }

  // Critical studies of the worklist that have no critical result of their own: they are counted, and can be opened.
  alsoWaiting(studies) {
    const known = new Set(this.results.map((each) => each.study_key));
    this.waiting = studies.filter((each) => !known.has(each.study_key));
    this.draw();
  }

  draw() {
    const inHand = document.activeElement?.closest?.("#critical [data-key]")?.dataset.key;
    const actInHand = document.activeElement?.dataset?.act;
    const shown = this.shown;
    const lines = shown.slice(0, this.slim ? 1 : MOST);
    const more = this.more(this.results.filter((each) => !lines.includes(each)));
    show(this.element, !this.listed && shown.length + this.waiting.length > 0);
    this.element.classList.toggle("calm", !shown.some((each) => unanswered(each) || isOverdue(each, serverNow())) && !this.waiting.length);
    this.element.replaceChildren(...(lines.length ? [h("ul", { class: "criticals" }, lines.map((each, at) => this.line(each, at === 0)))] : []), ...this.rest(), ...(shown.length && more ? [h("a", { class: "more", href: "/criticals" }, more)] : []));
    document.title = this.results.filter(unanswered).length ? `(${this.results.filter(unanswered).length} critical) ${this.title}` : this.title;
    const again = inHand && this.element.querySelector(`[data-key="${inHand}"]`);
    if (again && !document.querySelector("dialog[open]")) (again.querySelector(`[data-act="${actInHand}"]`) ?? again.querySelector("button, a"))?.focus();
  }

  // Those that no line shows, and how many of them are late.
  more(hidden) {
    const late = hidden.filter((each) => isOverdue(each, serverNow())).length;
    return hidden.length ? `and ${hidden.length} more${late ? `, ${late} overdue` : ""}` : "";
  }

  rest() {
    if (!this.waiting.length) return [];
    const says = this.waiting.length === 1 ? "1 critical study waits for a reader" : `${this.waiting.length} critical studies wait for a reader`;
    return [h("div", { class: "waiting" }, h("strong", { class: "grow" }, says), may("read_study") && h("a", { class: "button", href: `/studies/${this.waiting[0].study_key}` }, "Read the first ", this.results.length ? "" : h("kbd", {}, "c")))];
  }

  buttons(result, first) {
    const key = (name) => first && h("kbd", { "aria-hidden": "true" }, name);
    const about = h("span", { class: "visually-hidden" }, `: ${visible(result.reason)}`);
    const acts = Object.keys(ACTS).filter((name) => applies(name, result));
    const button = (name, at) => h("button", { class: at ? "" : "primary", "data-act": name, onclick: () => this.act(name, result) }, ACTS[name].label, about.cloneNode(true), key(ACTS[name].key));
    const film = may("read_study") && result.study_key !== this.studyKey && h("a", { class: "button", href: `/studies/${result.study_key}` }, "Film", about.cloneNode(true), key("c"));
    return h("div", { class: "acts" }, acts.map(button), film);
  }

  line(result, first) {
    const late = isOverdue(result, serverNow());
    const here = result.study_key === this.studyKey;
    const named = result.patient_name === undefined ? "" : personName(result.patient_name);
    const whose = here ? "this film" : this.studyKey ? `another film${named && `: ${named}`}` : named; // never cut off: a long reason must not hide whose film it is
    return h("li", { class: tone(result, late), "data-key": result.critical_key },
      h("div", { class: "when" }, sign(late), h("div", {}, h("strong", { class: "state" }, late ? "OVERDUE" : stateWords(result)), h("span", { "data-part": "timer" }, timer(result, serverNow())))),
      h("div", { class: "what" }, h("div", { class: "finding-of" }, h("strong", { class: "cut", title: visible(result.reason) }, visible(result.reason)), h("span", {}, [whose, visible(result.site)].filter(Boolean).join("  ·  "))), !this.slim && h("div", { class: "then cut" }, this.then(result))),
      this.buttons(result, first));
  }

  then(result) {
    const next = whatNext(result, serverNow());
    const before = [holder(result), unanswered(result) && lastPaged(result)].filter(Boolean).join("; ");
    return [before, before && next.text && "  ·  ", h("span", { "data-part": "next", class: next.late ? "late" : "" }, next.text)].filter(Boolean);
  }

  tick() {
    const now = serverNow();
    const turned = this.results.filter((each) => isOverdue(each, now) && !this.late.has(`${each.critical_key} ${each.state}`));
    if (turned.length) {
      this.announce();
      this.draw();
    }
    for (const line of this.element.querySelectorAll("[data-key]")) {
      const result = this.results.find((each) => each.critical_key === line.dataset.key);
      if (!result) continue;
      write(line.querySelector("[data-part=timer]"), timer(result, now));
      const next = line.querySelector("[data-part=next]");
      write(next, whatNext(result, now).text);
      next?.classList.toggle("late", whatNext(result, now).late);
    }
  }

  // Each new result and each passed limit is said once, for those who listen instead of look.
  announce() {
    const now = serverNow();
    const fresh = this.results.filter((each) => this.known && !this.known.has(news(each)));
    const turned = this.results.filter((each) => isOverdue(each, now) && !this.late.has(`${each.critical_key} ${each.state}`));
    const said = this.known ? [...fresh.map((each) => `New critical result: ${visible(each.reason)}, ${visible(each.site)}.`), ...turned.map((each) => `Overdue: ${visible(each.reason)}, ${visible(each.site)}.`)] : this.results.length ? [this.results.length === 1 ? "1 critical result is open." : `${this.results.length} critical results are open.`] : [];
    this.known = new Set([...(this.known ?? []), ...this.results.map(news)]);
    for (const each of turned) this.late.add(`${each.critical_key} ${each.state}`);
    if (said.length) byId("announce").textContent = said.join(" ");
  }

  async act(name, result) {
    const done = await ask(name, result);
    await Promise.all([this.refresh().catch(() => {}), this.onActed(result)]);
    if (!this.listed && (done || document.activeElement === document.body)) this.element.querySelector(`[data-key="${result.critical_key}"]`)?.querySelector("button, a")?.focus();
  }

  // By key: the line that has the focus, else the first to which it applies.
  actByKey(name) {
    const result = this.inHand(this.shown.filter((each) => applies(name, each)));
    if (result) this.act(name, result);
  }

  inHand(results) {
    const key = document.activeElement?.closest?.("[data-key]")?.dataset.key;
    return results.find((each) => each.critical_key === key) ?? results[0];
  }

  openFilm() {
    const study = this.inHand(this.shown.filter((each) => each.study_key !== this.studyKey)) ?? this.waiting[0];
    if (study && may("read_study")) this.leave(`/studies/${study.study_key}`);
  }

  get bindings() {
    const film = may("read_study") ? [{ keys: ["c"], says: "open the film of the first critical result", run: () => this.openFilm() }] : [];
    if (!may("acknowledge_critical")) return film;
    const says = { acknowledge: "acknowledge the first critical result", communicate: "critical result: say whom you told", close: "critical result: close it", release: "critical result: hand it back" };
    return [...film, ...Object.entries(ACTS).map(([name, { key }]) => ({ keys: [key], says: says[name], run: () => this.actByKey(name) }))];
  }
}

export const tone = (result, late) => (late ? "overdue" : unanswered(result) ? "loud" : result.state);
const write = (element, text) => element && element.textContent !== text && (element.textContent = text);
