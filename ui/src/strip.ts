// The critical strip: every open critical result with its running timer, on every page. Loud when overdue by word, sign and colour; nothing flashes.
import type { CriticalResult, Criticals } from "./answers/criticals.ts";
import type { Row } from "./answers/worklist.ts";
import { get } from "./api.ts";
import { ACTS, type ActName, applies, ask, tellDialog } from "./critical_acts.ts";
import { byNeed, holder, isOverdue, lastPaged, stateWords, timer, unanswered, whatNext } from "./critical_words.ts";
import { byId, type Child, h, inFocus, redraw, s, show } from "./dom.ts";
import { personName, visible } from "./format.ts";
import type { Binding } from "./keys.ts";
import { may } from "./session.ts";
import { t } from "./catalogue.ts";

let ahead_ms = 0; // the server's clock before this one's
export const serverNow = (): Date => new Date(Date.now() + ahead_ms);

export async function openCriticals(): Promise<CriticalResult[]> {
  const answer = await get<Criticals>("/api/criticals", { background: true });
  ahead_ms = Date.parse(answer.now) - Date.now();
  return answer.criticals.sort(byNeed);
}

export const sign = (overdue: boolean): SVGElement => s("svg", { class: "sign", viewBox: "0 0 16 16", "aria-hidden": "true" }, overdue ? s("path", { d: "M8 1 15.5 15H.5Z" }) : s("circle", { cx: 8, cy: 8, r: 6.5 }), s("path", { class: "ink", d: overdue ? "M8 5.6v4.6M8 12v1.4" : "M8 4.4V8l2.6 1.8" }));

const MOST = 4; // lines above the worklist; the rest is counted
const news = (result: CriticalResult) => `${result.critical_key} ${result.reason}`; // a later image may add a finding to a result

const ACT_NAMES = Object.keys(ACTS) as ActName[];

// `slim` shows one line: what waits for a person now; the study on screen first. `listed`: the page itself lists them all.
type StripOptions = { slim?: boolean; listed?: boolean; studyKey?: string | null; onActed?: (result: CriticalResult) => unknown; leave?: (path: string) => unknown };

export class CriticalStrip {
  results: CriticalResult[] = [];
  private waiting: Row[] = [];
  private known: Set<string> | null = null;
  private readonly late = new Set<string>();
  private readonly element = byId("critical");
  private title = document.title;
  private readonly options: Required<StripOptions>;

  constructor({ slim = true, listed = false, studyKey = null, onActed = () => {}, leave = (path) => location.assign(path) }: StripOptions = {}) {
    this.options = { slim, listed, studyKey, onActed, leave };
    this.element.classList.toggle("slim", slim);
    setInterval(() => this.tick(), 1000);
  }

  // Another study is on the screen now.
  turnTo(studyKey: string | null, { slim, title }: { slim: boolean; title: string } = { slim: true, title: this.title }): void {
    Object.assign(this.options, { studyKey, slim });
    this.title = title;
    if (studyKey) this.waiting = [];
    this.element.classList.toggle("slim", slim);
    this.draw();
  }

  private get shown(): CriticalResult[] {
    const mine = (each: CriticalResult) => each.study_key === this.options.studyKey;
    if (!this.options.slim) return this.results;
    const urgent = this.results.filter((each) => mine(each) || unanswered(each) || isOverdue(each, serverNow()));
    return [...urgent.filter(mine), ...urgent.filter((each) => !mine(each))];
  }

  async refresh(): Promise<void> {
    if (!may("see_worklist")) return;
    this.results = await openCriticals();
    tellDialog(this.results);
    this.announce();
    this.draw();
  }

  // Critical studies of the worklist that have no critical result of their own: they are counted, and can be opened.
  alsoWaiting(studies: Row[]): void {
    const known = new Set(this.results.map((each) => each.study_key));
    this.waiting = studies.filter((each) => !known.has(each.study_key));
    this.draw();
  }

  private draw(): void {
    const inHand = inFocus("#critical [data-key]")?.dataset.key;
    const actInHand = inFocus("[data-act]")?.dataset.act;
    const shown = this.shown;
    const lines = shown.slice(0, this.options.slim ? 1 : MOST);
    const more = this.more(this.results.filter((each) => !lines.includes(each)));
    show(this.element, !this.options.listed && shown.length + this.waiting.length > 0);
    this.element.classList.toggle("calm", !shown.some((each) => unanswered(each) || isOverdue(each, serverNow())) && !this.waiting.length);
    redraw(this.element, lines.length > 0 && h("ul", { class: "criticals" }, lines.map((each, at) => this.line(each, at === 0))), this.rest(), shown.length > 0 && more && h("a", { class: "more", href: "/criticals" }, more));
    document.title = this.results.filter(unanswered).length ? t("strip.critical", { unanswered: this.results.filter(unanswered).length, title: this.title }) : this.title;
    const again = inHand && this.element.querySelector(`[data-key="${inHand}"]`);
    if (again && !document.querySelector("dialog[open]")) (again.querySelector<HTMLElement>(`[data-act="${actInHand}"]`) ?? again.querySelector<HTMLElement>("button, a"))?.focus();
  }

  // Those that no line shows, and how many of them are late.
  private more(hidden: CriticalResult[]): string {
    const late = hidden.filter((each) => isOverdue(each, serverNow())).length;
    return hidden.length ? t(late ? "strip.more_overdue" : "strip.more", { hidden: hidden.length, late }) : "";
  }

  private rest(): HTMLElement[] {
    const [first] = this.waiting;
    if (!first) return [];
    const says = this.waiting.length === 1 ? t("strip.1_critical_study_waits_for") : t("strip.critical_studies_wait_for_a", { waiting: this.waiting.length });
    return [h("div", { class: "waiting" }, h("strong", { class: "grow" }, says), may("read_study") && h("a", { class: "button", href: `/studies/${first.study_key}` }, t("strip.read_the_first"), this.results.length ? "" : h("kbd", {}, "c")))];
  }

  buttons(result: CriticalResult, first: boolean): HTMLElement {
    const key = (name: string) => first && h("kbd", { "aria-hidden": "true" }, name);
    const about = h("span", { class: "visually-hidden" }, `: ${visible(result.reason)}`);
    const acts = ACT_NAMES.filter((name) => applies(name, result));
    const button = (name: ActName, at: number) => h("button", { class: at ? "" : "primary", "data-act": name, onclick: () => this.act(name, result) }, ACTS[name].label, about.cloneNode(true), key(ACTS[name].key));
    const film = may("read_study") && result.study_key !== this.options.studyKey && h("a", { class: "button", href: `/studies/${result.study_key}` }, t("strip.film"), about.cloneNode(true), key("c"));
    return h("div", { class: "acts" }, acts.map(button), film);
  }

  private line(result: CriticalResult, first: boolean): HTMLElement {
    const late = isOverdue(result, serverNow());
    const here = result.study_key === this.options.studyKey;
    const named = result.patient_name === undefined ? "" : personName(result.patient_name);
    const whose = here ? t("strip.this_film") : this.options.studyKey ? [t("strip.another_film"), named].filter(Boolean).join(": ") : named; // never cut off: a long reason must not hide whose film it is
    return h("li", { class: tone(result, late), "data-key": result.critical_key },
      h("div", { class: "when" }, sign(late), h("div", {}, h("strong", { class: "state" }, late ? "OVERDUE" : stateWords(result)), h("span", { "data-part": "timer" }, timer(result, serverNow())))),
      h("div", { class: "what" }, h("div", { class: "finding-of" }, h("strong", { class: "cut", title: visible(result.reason) }, visible(result.reason)), h("span", {}, [whose, visible(result.site)].filter(Boolean).join("  ·  "))), !this.options.slim && h("div", { class: "then cut" }, this.then(result))),
      this.buttons(result, first));
  }

  private then(result: CriticalResult): Child[] {
    const next = whatNext(result, serverNow());
    const before = [holder(result), unanswered(result) && lastPaged(result)].filter(Boolean).join("; ");
    return [before, before && next.text && "  ·  ", h("span", { "data-part": "next", class: next.late ? "late" : "" }, next.text)].filter(Boolean);
  }

  private tick(): void {
    const now = serverNow();
    const turned = this.results.filter((each) => isOverdue(each, now) && !this.late.has(`${each.critical_key} ${each.state}`));
    if (turned.length) {
      this.announce();
      this.draw();
    }
    for (const line of this.element.querySelectorAll<HTMLElement>("[data-key]")) {
      const result = this.results.find((each) => each.critical_key === line.dataset.key);
      if (!result) continue;
      write(line.querySelector("[data-part=timer]"), timer(result, now));
      const next = line.querySelector("[data-part=next]");
      write(next, whatNext(result, now).text);
      next?.classList.toggle("late", whatNext(result, now).late);
    }
  }

  // Each new result and each passed limit is said once, for those who listen instead of look.
  private announce(): void {
    const now = serverNow();
    const fresh = this.results.filter((each) => this.known && !this.known.has(news(each)));
    const turned = this.results.filter((each) => isOverdue(each, now) && !this.late.has(`${each.critical_key} ${each.state}`));
    const said = this.known ? [...fresh.map((each) => t("strip.new_critical_result", { reason: visible(each.reason), site: visible(each.site) })), ...turned.map((each) => t("strip.overdue", { reason: visible(each.reason), site: visible(each.site) }))] : this.results.length ? [this.results.length === 1 ? t("strip.1_critical_result_is_open") : t("strip.critical_results_are_open", { results: this.results.length })] : [];
    this.known = new Set([...(this.known ?? []), ...this.results.map(news)]);
    for (const each of turned) this.late.add(`${each.critical_key} ${each.state}`);
    if (said.length) byId("announce").textContent = said.join(" ");
  }

  private async act(name: ActName, drawn: CriticalResult): Promise<void> {
    const result = this.results.find((each) => each.critical_key === drawn.critical_key) ?? drawn; // the newest: one that looks the same is not drawn again
    const done = await ask(name, result);
    await Promise.all([this.refresh().catch(() => {}), this.options.onActed(result)]);
    if (!this.options.listed && (done || document.activeElement === document.body)) this.element.querySelector(`[data-key="${result.critical_key}"]`)?.querySelector<HTMLElement>("button, a")?.focus();
  }

  // By key: the line that has the focus, else the first to which it applies.
  private actByKey(name: ActName): void {
    const result = this.inHand(this.shown.filter((each) => applies(name, each)));
    if (result) this.act(name, result);
  }

  private inHand(results: CriticalResult[]): CriticalResult | undefined {
    const key = inFocus("[data-key]")?.dataset.key;
    return results.find((each) => each.critical_key === key) ?? results[0];
  }

  private openFilm(): void {
    const study = this.inHand(this.shown.filter((each) => each.study_key !== this.options.studyKey)) ?? this.waiting[0];
    if (study && may("read_study")) this.options.leave(`/studies/${study.study_key}`);
  }

  get bindings(): Binding[] {
    const film = may("read_study") ? [{ keys: ["c"], says: t("strip.open_the_film_of_the"), run: () => this.openFilm() }] : [];
    if (!may("acknowledge_critical")) return film;
    const says: Record<ActName, string> = { acknowledge: t("strip.acknowledge_the_first_critical_result"), communicate: t("strip.critical_result_say_whom_you"), close: t("strip.critical_result_close_it"), release: t("strip.critical_result_hand_it_back") };
    return [...film, ...ACT_NAMES.map((name) => ({ keys: [ACTS[name].key], says: says[name], run: () => this.actByKey(name) }))];
  }
}

export const tone = (result: CriticalResult, late: boolean): string => (late ? "overdue" : unanswered(result) ? "loud" : result.state);
const write = (element: Element | null, text: string) => element && element.textContent !== text && (element.textContent = text);
