// The worklist: the server's order, live, by keyboard, however long it is.
import type { Found, Place, Row, SavedView, View, Worklist } from "./answers/worklist.ts";
import { get, problemOf, send } from "./api.ts";
import { counted, t } from "./catalogue.ts";
import { byId, h, redraw, show } from "./dom.ts";
import { type Binding, listen, sheet } from "./keys.ts";
import { follow } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { RowWindow } from "./row_window.ts";
import { FIRST_KEY, SavedViewBar } from "./saved_views.ts";
import { begin, may } from "./session.ts";
import { CriticalStrip, serverNow } from "./strip.ts";
import { StudyPage } from "./study_page.ts";
import { nameOf, row, stateWords, tick } from "./worklist_row.ts";
import { filtered, hiddenCriticals, isFiltered, NO_FILTER, Store } from "./worklist_store.ts";

const VIEWS: View[] = ["open", "reported", "rejected"];
const STATES_OF: Record<View, string[]> = { open: ["received", "admitted", "ai_unavailable", "triaged", "drafted", "in_reading", "preliminary", "new_images"], reported: ["signed", "delivered", "amended"], rejected: ["rejected"] };
const PLACE_AFTER_MS = 150;
const PREPARE_AFTER_MS = 300;
const HOVERED_MS = 100;
const FIRST = 200; // shown while the rest of a long list comes
let store = new Store("open");
let filter = NO_FILTER;
let found: Found | null = null;
let shown: readonly Row[] = [];
let selected: string | null = null;
let loaded = false;
let placing = 0;
let preparing = 0;

async function refresh(): Promise<void> {
  const asked = store;
  const begins = !asked.cursor && !asked.order.length;
  if (begins) take(asked, await get<Worklist>(`/api/worklist?view=${asked.view}&first=${FIRST}`, { background: loaded }));
  if (!begins || !asked.cursor) take(asked, await get<Worklist>(`/api/worklist?view=${asked.view}&since=${asked.cursor}`, { background: loaded }));
}

function take(asked: Store, answer: Worklist): void {
  if (asked !== store) return;
  store.apply(answer);
  for (const name of VIEWS) byId(`view-${name}`).textContent = `${t(`list.${name}`)} ${answer.counts[name].toLocaleString("en")}`;
  if (store.view === "open" && !reading.study) strip.alsoWaiting(store.criticals.filter((each) => each.state !== "in_reading"));
  render();
  if (!loaded) (say(true), select(selected, document.activeElement === document.body)); // a list that comes late takes the focus from nobody
  loaded = true;
}

function render(): void {
  for (const name of VIEWS) byId(`view-${name}`).setAttribute("aria-selected", String(name === store.view && !found));
  shown = found ? found.studies : filtered(store.order, filter);
  drawChoices();
  if (!shown.some((each) => each.study_key === selected)) selected = shown[0]?.study_key ?? null;
  show(byId("canvas"), shown.length > 0);
  show(byId("message"), shown.length === 0);
  if (shown.length) list.show(shown);
  else redraw(byId("message"), emptyMessage());
  redraw(byId("notes"), notes());
  tick(body, serverNow());
  views.mark();
  tellPlace();
}

function emptyMessage(): HTMLElement[] {
  if (found) return [h("strong", {}, t("list.found.none")), h("span", {}, t("list.found.none.more")), back()];
  if (isFiltered(filter) && store.order.length) return [h("strong", {}, t("list.filtered.none")), h("button", { onclick: unfilter }, t("list.filter.clear"))];
  return [h("strong", {}, t(`list.${store.view}.none`)), h("span", {}, t(`list.${store.view}.none.more`))];
}

// What the list does not show, in words: critical studies first.
function notes(): HTMLElement[] {
  const hidden = store.view === "open" ? hiddenCriticals(store.criticals, shown) : 0;
  const told: HTMLElement[] = [];
  if (hidden) told.push(h("p", { class: "alert", role: "status" }, h("strong", {}, counted(hidden, "list.hidden.one", "list.hidden.many")), " ", h("button", { onclick: showHidden }, t("list.hidden.show"))));
  if (found) told.push(h("p", { class: "muted", role: "status" }, counted(found.studies.length, "list.found.one", "list.found.many"), found.truncated && ` ${t("list.found.cut")}`, " ", shown.length > 0 && back()));
  else if (!store.cursor) told.push(h("p", { class: "muted" }, t("list.coming", { total: store.total.toLocaleString("en") })));
  else if (store.order.length < store.total) told.push(h("p", { class: "muted" }, t(store.view === "open" ? "list.cut.open" : "list.cut.other", { shown: store.order.length.toLocaleString("en"), total: store.total.toLocaleString("en") })));
  return told;
}

const back = () => h("button", { onclick: () => leaveSearch() }, t("list.found.back"));

function drawChoices(): void {
  choices("state", t("list.any.state"), STATES_OF[store.view], filter.states, stateWords);
  choices("priority", t("list.any.priority"), ["stat", "asap", "urgent", "routine"], filter.priorities, (each) => each.toUpperCase());
  choices("site", t("list.any.site"), [...new Set([...store.sites, ...filter.sites])], filter.sites, (each) => each);
  byId("shown").textContent = isFiltered(filter) && !found ? t("list.shown", { shown: shown.length.toLocaleString("en"), total: store.order.length.toLocaleString("en") }) : "";
}

function choices(id: string, any: string, values: string[], chosen: string[], say: (value: string) => string): void {
  const select = byId(id, HTMLSelectElement);
  const wanted = JSON.stringify([values, chosen]);
  if (select.dataset.drawn !== wanted) {
    const same = (value: string) => chosen.length === 1 && chosen[0] === value;
    const several = chosen.length > 1 ? [h("option", { value: "several", selected: true }, chosen.map(say).join(", "))] : [];
    select.replaceChildren(h("option", { value: "" }, any), ...values.map((value) => h("option", { value, selected: same(value) }, say(value))), ...several);
    select.dataset.drawn = wanted;
  }
  select.classList.toggle("on", chosen.length > 0);
}

function setFilter(changes: Partial<typeof filter>): void {
  filter = { ...filter, ...changes };
  byId("filter", HTMLInputElement).value = filter.text;
  render();
}

function unfilter(): void {
  found = null;
  setFilter(NO_FILTER);
}

function showHidden(): void {
  unfilter();
  const first = store.order.find((each) => each.critical && each.unanswered);
  if (first) select(first.study_key);
}

async function search(): Promise<void> {
  const text = byId("filter", HTMLInputElement).value.trim();
  if (text.length < 2 || !may("read_study")) return select(selected);
  try {
    found = await send<Found>("POST", "/api/worklist/search", { body: { text } });
    selected = null;
    render();
    select(selected);
  } catch (thrown) {
    byId("notes").replaceChildren(h("p", { class: "alert", role: "alert" }, problemOf(thrown).message));
  }
}

function leaveSearch(): void {
  if (found) unfilter();
  byId("filter").blur();
  select(selected);
}

function select(key: string | null, focus = true): void {
  selected = key;
  const at = shown.findIndex((each) => each.study_key === key);
  if (focus && at >= 0) list.reveal(at);
  for (const each of body.rows) mark(each);
  if (focus) list.element(shown[at])?.focus({ preventScroll: true });
  tellPlace();
}

function mark(element: HTMLTableRowElement): void {
  const chosen = element.dataset.key === selected;
  element.setAttribute("aria-selected", String(chosen));
  element.tabIndex = chosen ? 0 : -1;
}

// Below the list, of the selected study: its reasons in full, and why it stands where it does.
function tellPlace(): void {
  const study = shown.find((each) => each.study_key === selected);
  const line = byId("place");
  show(line, study !== undefined);
  if (!study) return;
  if (line.dataset.key !== study.study_key) {
    line.querySelector(".place")?.replaceChildren();
    prepare(study.study_key, PREPARE_AFTER_MS);
  }
  line.dataset.key = study.study_key;
  line.querySelector(".what")?.replaceChildren(h("strong", {}, nameOf(study)), study.problem && h("span", { class: "problem" }, study.problem), h("span", {}, study.reason));
  clearTimeout(placing);
  if (store.has(study.study_key) && store.view === "open") placing = window.setTimeout(() => askPlace(study.study_key), PLACE_AFTER_MS);
}

let prepared: string | null = null;
// What stands selected, or under the pointer, for a moment will probably be opened: its film is fetched into this page's memory.
function prepare(key: string, after_ms: number): void {
  prepared = key;
  clearTimeout(preparing);
  if (may("read_study") && store.view === "open" && store.has(key)) preparing = window.setTimeout(() => reading.study || reading.ahead.prepare(key), after_ms);
}

async function askPlace(key: string): Promise<void> {
  const place = await get<Place>(`/api/worklist/places/${key}`, { background: true }).catch(() => null);
  if (place && key === selected) byId("place").querySelector(".place")?.replaceChildren(place.why);
}

function step(by: number): void {
  const at = shown.findIndex((each) => each.study_key === selected);
  const next = shown[Math.min(shown.length - 1, Math.max(0, at + by))];
  if (next) select(next.study_key);
}

function open(key: string | null): void {
  if (key && may("read_study")) void reading.go(key);
}

function turnTo(name: View, changes: Partial<typeof filter> = {}): void {
  if (store.view !== name) store = new Store(name);
  found = null;
  selected = null;
  byId("list").scrollTop = 0;
  setFilter({ ...NO_FILTER, ...changes });
  refresh().catch(() => say(false));
}

// A study is read in front of the list, or the list is back, as it was and up to date.
function turned(studyKey: string | null): void {
  byId("worklist").classList.toggle("behind", studyKey !== null);
  strip.turnTo(studyKey, { slim: studyKey !== null, title: studyKey ? t("page.reading") : t("page.worklist") });
  masthead.mark();
  if (studyKey) return;
  select(selected);
  if (selected) prepare(selected, PREPARE_AFTER_MS);
  refreshAll().catch(() => say(false));
}

function say(up: boolean): void {
  masthead.say(up);
  if (!up && !loaded) byId("message").replaceChildren(h("strong", {}, t("list.failed")), h("button", { onclick: () => location.reload() }, t("list.again")));
}

const useView = ({ view, states, priorities, sites }: SavedView) => turnTo(view, { states, priorities, sites });
const keysOfList = (): Binding[] => [
  { keys: ["j", "ArrowDown"], says: t("key.next"), run: () => step(1) },
  { keys: ["k", "ArrowUp"], says: t("key.previous"), run: () => step(-1) },
  { keys: ["PageDown"], says: t("key.page.down"), run: () => step(list.visible) },
  { keys: ["PageUp"], says: t("key.page.up"), run: () => step(-list.visible) },
  { keys: ["Home"], says: t("key.first"), run: () => step(-shown.length) },
  { keys: ["End"], says: t("key.last"), run: () => step(shown.length) },
  { keys: ["Enter", "o"], says: t("key.open"), run: () => open(selected) },
  { keys: ["/"], says: t("key.filter"), run: () => byId("filter", HTMLInputElement).select() },
  { keys: ["Escape"], says: t("key.leave"), whileTyping: true, run: leaveSearch },
  { keys: ["0"], says: t("key.unfilter"), run: unfilter },
  ...VIEWS.map((name, at) => ({ keys: [String(at + 1)], says: t("key.list", { name: t(`list.${name}`) }), run: () => turnTo(name) })),
  ...[0, 1, 2, 3, 4, 5].map((at) => ({ keys: [String(FIRST_KEY + at)], says: views.views[at] ? t("views.key", { name: views.views[at].name }) : "", run: () => views.at(FIRST_KEY + at) })),
];

await begin();
if (!may("see_worklist") && may("see_roster")) location.replace("/roster");
const body = byId("rows", HTMLTableSectionElement);
const parts = { scroll: byId("list"), canvas: byId("canvas"), table: byId("table", HTMLTableElement), body };
const list = new RowWindow<Row>(parts, (each) => each.study_key, (each) => row(each, open, (key) => select(key, false)), (element, each) => {
  mark(element);
  element.classList.toggle("fresh", store.fresh.has(each.study_key));
});
parts.scroll.addEventListener("scroll", () => tick(body, serverNow()), { passive: true });
const reading = new StudyPage(byId("read-here"), { turned, leave: (path) => location.assign(path), list: true });
const leave = (path: string) => reading.leave(path);
const strip = new CriticalStrip({ slim: false, leave, onActed: () => refreshAll().catch(() => {}) });
const masthead = new Masthead(strip);
const views = new SavedViewBar(byId("views"), useView, () => ({ view: store.view, states: filter.states, priorities: filter.priorities, sites: filter.sites }));
const bindings = () => [...(reading.study ? reading.bindings : keysOfList()), ...strip.bindings, ...roomBindings(leave)];
body.addEventListener("pointerover", (event) => {
  const key = event.target instanceof Element ? event.target.closest<HTMLElement>("tr[data-key]")?.dataset.key : undefined;
  if (key && key !== prepared) prepare(key, HOVERED_MS);
});
for (const name of VIEWS) byId(`view-${name}`).addEventListener("click", () => turnTo(name));
const input = byId("filter", HTMLInputElement);
input.placeholder = t(may("read_study") ? "list.filter.hint.search" : "list.filter.hint");
input.addEventListener("input", () => ((found = null), setFilter({ text: input.value })));
input.addEventListener("keydown", (event) => {
  if (event.key === "Enter") search();
  if (event.key === "ArrowDown") (event.preventDefault(), select(selected));
});
for (const [id, field] of [["state", "states"], ["priority", "priorities"], ["site", "sites"]] as const) {
  const chosen = byId(id, HTMLSelectElement);
  chosen.addEventListener("change", () => ((found = null), setFilter({ [field]: chosen.value ? [chosen.value] : [] })));
}
byId("keys").addEventListener("click", () => sheet(bindings()));
listen(bindings);
const refreshAll = () => Promise.all([reading.study ? reading.refresh() : refresh(), masthead.refresh()]);
if (may("read_study")) reading.start();
await refreshAll().then(() => say(true), () => say(false));
views.load().catch(() => {});
setInterval(() => tick(body, serverNow()), 10_000);
setInterval(() => refreshAll().catch(() => {}), 60_000); // the order changes with time, too
follow(refreshAll, say);
