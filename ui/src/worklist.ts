// The worklist: the server's order, live, by keyboard.
import type { Row, View, Worklist } from "./answers/worklist.ts";
import { get } from "./api.ts";
import { byId, h, show } from "./dom.ts";
import { age, personName, span, visible, waited, words } from "./format.ts";
import { type Binding, listen, sheet } from "./keys.ts";
import { follow } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { begin, may } from "./session.ts";
import { CriticalStrip } from "./strip.ts";

const VIEWS: View[] = ["open", "reported", "rejected"];
const STATES: Record<string, [string, string]> = {
  received: ["arriving", ""], admitted: ["AI reading", "ai"], analysed: ["AI reading", "ai"], ai_unavailable: ["AI unavailable", "asap"], triaged: ["drafting", "ai"],
  drafted: ["ready", "good"], in_reading: ["in reading", ""], signed: ["signed, sending", "good"], delivered: ["delivered", "good"], amended: ["amended, sending", "good"], rejected: ["not admitted", "bad"],
};
let view: View = "open";
let studies: Row[] = [];
let selected: string | null = null;
let known: Set<string> | null = null;
let loaded = false;

async function refresh(): Promise<void> {
  const asked = view;
  const answer = await get<Worklist>(`/api/worklist?view=${asked}`, { background: loaded });
  if (asked !== view) return;
  studies = answer.studies;
  loaded = true;
  for (const name of VIEWS) byId(`view-${name}`).dataset.count = String(answer.counts[name]);
  render(answer);
}

function render(answer?: Worklist): void {
  const tabs = { open: "To read", reported: "Reported", rejected: "Not admitted" };
  for (const name of VIEWS) {
    const tab = byId(`view-${name}`);
    tab.textContent = `${tabs[name]} ${tab.dataset.count ?? ""}`;
    tab.setAttribute("aria-selected", String(name === view));
  }
  const rows = filtered();
  if (!rows.some((each) => each.study_key === selected)) selected = rows[0]?.study_key ?? null;
  const before = known;
  const fresh = new Set(before ? rows.map((each) => each.study_key).filter((key) => !before.has(key)) : []);
  known = new Set([...(before ?? []), ...studies.map((each) => each.study_key)]);
  byId("rows").replaceChildren(...rows.map((study) => row(study, fresh.has(study.study_key))));
  show(byId("table"), rows.length > 0);
  show(byId("message"), rows.length === 0);
  if (rows.length === 0) byId("message").replaceChildren(...emptyMessage());
  strip.alsoWaiting(view === "open" ? studies.filter((each) => each.critical && each.unanswered && each.state !== "in_reading") : []);
  if (answer?.truncated) byId("rows").append(h("tr", {}, h("td", { colspan: 8, class: "muted" }, "Only the first 500 are shown.")));
}

function emptyMessage(): HTMLElement[] {
  if (studies.length) return [h("strong", {}, "Nothing matches the filter"), h("button", { onclick: () => setFilter("") }, "Clear the filter")];
  const says: [string, string] = { open: ["Nothing to read", "New studies appear here by themselves, most urgent first."], reported: ["Nothing reported yet", "Signed reports and their deliveries appear here."], rejected: ["Nothing was turned away", "Studies that cannot be admitted appear here with the reason."] }[view] as [string, string];
  return [h("strong", {}, says[0]), h("span", {}, says[1])];
}

function row(study: Row, isFresh: boolean): HTMLElement {
  const [state, tone] = STATES[study.state] ?? [words(study.state), ""];
  const named = study.patient_name !== undefined;
  const who = named ? personName(study.patient_name) : study.study_key.slice(0, 8);
  const link = may("read_study") ? h("a", { class: "who", href: `/studies/${study.study_key}`, tabindex: -1 }, who) : h("span", { class: "who" }, who);
  return h("tr", { "aria-selected": String(study.study_key === selected), "data-key": study.study_key, class: isFresh ? "fresh" : "", tabindex: study.study_key === selected ? 0 : -1,
    onclick: () => open(study.study_key), onfocus: () => select(study.study_key, false) },
  h("td", {}, h("span", { class: `chip ${study.priority}` }, study.critical ? "CRITICAL" : study.priority.toUpperCase())),
  h("td", {}, link, named && h("div", { class: "muted mono" }, visible(study.patient_id))),
  h("td", {}, `${age(study.age_years)} ${study.sex}`),
  h("td", { class: "mono" }, named ? visible(study.accession_number) : "hidden"),
  h("td", { class: "why" }, study.reason ? visible(study.reason) : study.state === "admitted" ? h("span", { class: "muted" }, "the model has not read it yet") : "", study.problem && h("div", { class: "problem" }, visible(study.problem)), study.why_here && h("div", { class: "place muted" }, study.why_here)),
  h("td", {}, h("span", { class: `chip ${tone}` }, state)),
  h("td", { class: "muted" }, visible(study.site)),
  h("td", { class: "wait", "data-since": study.received_at, "data-limit": study.limit_s, title: study.why_here }, wait(study.received_at, study.limit_s)));
}

const wait = (since: string, limit: number | undefined) => `${waited(since, new Date())}${limit ? ` of ${span(limit)}` : ""}`;

function tick(): void {
  for (const cell of document.querySelectorAll<HTMLElement>("td.wait[data-since]")) {
    const since = cell.dataset.since ?? "";
    const limit = cell.dataset.limit === undefined ? undefined : Number(cell.dataset.limit);
    cell.textContent = wait(since, limit);
    cell.classList.toggle("long", limit !== undefined && Date.now() - Date.parse(since) > limit * 1000);
  }
}

function filtered(): Row[] {
  const wanted = byId("filter", HTMLInputElement).value.trim().toLowerCase();
  const texts = (each: Row) => [personName(each.patient_name), each.patient_id, each.accession_number, each.reason, each.site, each.priority].join(" ").toLowerCase();
  return wanted ? studies.filter((each) => texts(each).includes(wanted)) : studies;
}

function setFilter(text: string): void {
  byId("filter", HTMLInputElement).value = text;
  render();
}

function select(key: string | null, focus = true): void {
  selected = key;
  for (const each of byId("rows").querySelectorAll<HTMLElement>("tr[data-key]")) {
    const chosen = each.dataset.key === key;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) {
      each.focus({ preventScroll: true });
      each.scrollIntoView({ block: "nearest" });
    }
  }
}

function step(by: number): void {
  const keys = filtered().map((each) => each.study_key);
  const next = keys[Math.min(keys.length - 1, Math.max(0, keys.indexOf(selected ?? "") + by))];
  if (next) select(next);
}

function open(key: string | null): void {
  if (key && may("read_study")) location.assign(`/studies/${key}`);
}

function turnTo(name: View): void {
  view = name;
  selected = null;
  known = null;
  refresh().catch(() => say(false));
}

function say(up: boolean): void {
  masthead.say(up);
  if (!up && !loaded) byId("message").replaceChildren(h("strong", {}, "The worklist cannot be loaded"), h("button", { onclick: () => location.reload() }, "Try again"));
}

const keysOfList: Binding[] = [
  { keys: ["j", "ArrowDown"], says: "next study", run: () => step(1) },
  { keys: ["k", "ArrowUp"], says: "previous study", run: () => step(-1) },
  { keys: ["Enter", "o"], says: "open it", run: () => open(selected) },
  { keys: ["/"], says: "filter", run: () => byId("filter").focus() },
  { keys: ["Escape"], says: "leave the filter", whileTyping: true, run: () => (byId("filter").blur(), select(selected)) },
  { keys: ["1"], says: "studies to read", run: () => turnTo("open") },
  { keys: ["2"], says: "reported studies", run: () => turnTo("reported") },
  { keys: ["3"], says: "studies not admitted", run: () => turnTo("rejected") },
];

await begin();
if (!may("see_worklist") && may("see_roster")) location.replace("/roster");
const strip = new CriticalStrip({ slim: false, onActed: () => refresh().catch(() => {}) });
const masthead = new Masthead(strip);
const bindings = [...keysOfList, ...strip.bindings, ...roomBindings()];
for (const name of VIEWS) byId(`view-${name}`).addEventListener("click", () => turnTo(name));
byId("filter").addEventListener("input", () => render());
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
const refreshAll = () => Promise.all([refresh(), masthead.refresh()]);
await refreshAll().then(() => (say(true), select(selected), tick()), () => say(false));
setInterval(tick, 10_000);
setInterval(() => refreshAll().catch(() => {}), 60_000); // the order changes with time, too
follow(async () => (await refreshAll(), tick()), say);
