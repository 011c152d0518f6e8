// Critical results, open and closed, each with everything that happened to it, to be read or printed.
import type { CriticalDetail, CriticalResult, Criticals, Said } from "./answers/criticals.ts";
import { get, problemOf } from "./api.ts";
import { HOW, isOverdue, nameOf, pageWords, REASONS, stateWords, timer, whatNext } from "./critical_words.ts";
import { byId, type Child, h, inFocus, redraw } from "./dom.ts";
import { moment, personName, shortly, visible, words } from "./format.ts";
import { type Binding, listen, sheet } from "./keys.ts";
import { follow } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { begin, me } from "./session.ts";
import { CriticalStrip, serverNow, sign, tone } from "./strip.ts";
import { t } from "./catalogue.ts";

type View = "open" | "closed";
const VIEWS: Record<View, string> = { open: t("criticals.open"), closed: t("criticals.closed") };
const VIEW_NAMES = Object.keys(VIEWS) as View[];
let view: View = location.hash === "#closed" ? "closed" : "open";
let closed: CriticalResult[] = [];
const opened = new Set<string>();
const details = new Map<string, CriticalDetail>();

const listed = (): CriticalResult[] => (view === "open" ? strip.results : closed);

async function refresh(): Promise<void> {
  await masthead.refresh();
  if (view === "closed") closed = (await get<Criticals>("/api/criticals?view=closed", { background: true })).criticals;
  await Promise.all(listed().filter((each) => opened.has(each.critical_key)).map(load));
  draw();
}

async function load(result: CriticalResult): Promise<void> {
  details.set(result.critical_key, await get<CriticalDetail>(`/api/criticals/${result.critical_key}`, { background: true }));
}

function draw(): void {
  for (const name of VIEW_NAMES) {
    const says = VIEWS[name];
    byId(`view-${name}`).textContent = name === "open" ? `${says} ${strip.results.length}` : says;
    byId(`view-${name}`).setAttribute("aria-selected", String(name === view));
  }
  byId("list").setAttribute("aria-labelledby", `view-${view}`);
  const inHand = inFocus("#list [data-key]")?.dataset.key;
  const wasSummary = document.activeElement?.matches?.("summary");
  redraw(byId("list"), listed().length ? h("ul", { class: "items" }, listed().map((each, at) => item(each, at === 0))) : empty());
  const again = inHand && byId("list").querySelector(`[data-key="${inHand}"]`);
  if (again && !document.querySelector("dialog[open]")) (wasSummary ? again.querySelector("summary") : again.querySelector<HTMLElement>(".acts button, summary"))?.focus();
}

function empty(): HTMLElement {
  const says = view === "open" ? [t("criticals.no_critical_result_is_open"), t("criticals.new_ones_appear_here_and")] : [t("criticals.none_has_been_closed_yet"), t("criticals.closed_critical_results_stay_here")];
  return h("div", { class: "empty" }, h("strong", {}, says[0]), h("span", {}, says[1]));
}

function item(result: CriticalResult, first: boolean): HTMLElement {
  const late = isOverdue(result, serverNow());
  const key = result.critical_key;
  const named = result.patient_name === undefined ? null : h("span", {}, personName(result.patient_name), " ", h("span", { class: "muted mono" }, visible(result.patient_id)));
  const body = h("div", { class: "body" }, timeline(details.get(key)));
  const toggle = async (event: Event & { currentTarget: HTMLDetailsElement }) => {
    if (!event.currentTarget.open) return void opened.delete(key);
    if (opened.has(key)) return;
    opened.add(key);
    await load(result).then(() => body.replaceChildren(timeline(details.get(key))), (thrown) => body.replaceChildren(h("p", { class: "error" }, problemOf(thrown).message)));
  };
  return h("li", { class: `item ${tone(result, late)}`, "data-key": key },
    h("details", { open: opened.has(key), ontoggle: toggle }, h("summary", {}, sign(late), h("span", { class: "state" }, late ? t("criticals.overdue_state", { state: stateWords(result) }) : stateWords(result)), h("strong", { class: "reason" }, visible(result.reason)), named, h("span", { class: "muted" }, visible(result.site)), h("span", { class: "clock", "data-part": "timer" }, view === "open" ? timer(result, serverNow()) : result.closure && moment(result.closure.closed_at))), body),
    strip.buttons(result, first && view === "open"));
}

const read = (text: string | undefined) => (text ? h("q", {}, visible(text)) : null);

const at = (iso: string) => h("time", { datetime: iso, title: moment(iso) }, h("span", { class: "screen-inline" }, shortly(iso)), h("span", { class: "print-inline" }, moment(iso)));

// What people did; `said` holds the acts, `result` the names.
type Step = [string, string, ...Child[]];
const steps_ = (given: (Step | null)[]) => given.filter((each) => each !== null);

function acts(result: CriticalResult, { acknowledgement: taken, communication: told }: Said): Step[] {
  return steps_([
    taken && [taken.acknowledged_at, t("criticals.acknowledged"), `${nameOf(result, taken.actor_id)}. Read back: `, read(taken.read_back) ?? t("criticals.not_shown_to_your_role")],
    told && [told.communicated_at, t("criticals.communicated"), t("criticals.told", { actor_id: nameOf(result, told.actor_id), to_whom: told.to_whom === undefined ? "somebody" : visible(told.to_whom), how: HOW[told.how] ?? words(told.how), read_back_confirmed: told.read_back_confirmed ? t("criticals.read_back") : t("criticals.not_read_back") })],
  ]);
}

function timeline(result: CriticalDetail | undefined): HTMLElement {
  if (!result) return h("p", { class: "muted" }, t("criticals.loading_what_happened"));
  const ended = result.closure;
  const steps = steps_([
    [result.opened_at, t("criticals.opened"), t("criticals.to_be_acknowledged_by", { reason: visible(result.reason), priority: words(result.priority), site: visible(result.site) }), at(result.acknowledge_by), t("criticals.communicated_by"), at(result.communicate_by), "."],
    ...result.pages.map((page): Step => [page.sent_at ?? page.queued_at, t("criticals.page", { step: page.step + 1 }), `${pageWords(result, page)}.`]),
    ...result.earlier.flatMap((said) => acts(result, said)).map((act): Step => [...act, h("span", { class: "muted" }, t("criticals.before_a_later_image_brought"))]),
    ...acts(result, result),
    ended && [ended.closed_at, t("criticals.closed"), `${nameOf(result, ended.actor_id)}: ${REASONS[ended.reason] ?? words(ended.reason)}. `, read(ended.note)],
  ]).sort(([one], [other]) => Date.parse(one) - Date.parse(other));
  const next = whatNext(result, serverNow());
  return h("ol", { class: "timeline" }, steps.map(([iso, title, ...says]) => h("li", {}, at(iso), h("strong", {}, title), h("span", {}, says))), next.text && h("li", { class: next.late ? "then late" : "then" }, h("span", {}, ""), h("strong", {}, t("criticals.then")), h("span", {}, next.text)));
}

function tick(): void {
  if (view !== "open") return;
  for (const each of byId("list").querySelectorAll<HTMLElement>("[data-key]")) {
    const result = strip.results.find((one) => one.critical_key === each.dataset.key);
    if (!result) continue;
    const clock = each.querySelector("[data-part=timer]");
    if (clock) clock.textContent = timer(result, serverNow());
    if (isOverdue(result, serverNow()) !== each.classList.contains("overdue")) return draw();
  }
}

function turnTo(name: View): void {
  view = name;
  refresh().catch(() => masthead.say(false));
}

async function printAll(): Promise<void> {
  for (const each of listed()) opened.add(each.critical_key);
  await Promise.all(listed().map(load));
  byId("printed").textContent = t("criticals.printed_by_assistive_research_tool", { serverNow: moment(serverNow()), display_name: me().display_name, view: VIEWS[view], listed: listed().length });
  draw();
  print();
}

function step(by: number): void {
  const lines = [...byId("list").querySelectorAll("summary")];
  const at = lines.findIndex((each) => each.closest("[data-key]")?.contains(document.activeElement));
  lines[Math.min(lines.length - 1, Math.max(0, at + by))]?.focus();
}

await begin();
const strip = new CriticalStrip({ slim: false, listed: true, onActed: () => refresh().catch(() => {}) });
const masthead = new Masthead(strip);
const bindings: Binding[] = [
  { keys: ["j", "ArrowDown"], says: t("criticals.next_result"), run: () => step(1) },
  { keys: ["k", "ArrowUp"], says: t("criticals.previous_result"), run: () => step(-1) },
  { keys: ["1"], says: t("criticals.open_results"), run: () => turnTo("open") },
  { keys: ["2"], says: t("criticals.closed_results"), run: () => turnTo("closed") },
  { keys: ["p"], says: t("criticals.print_with_everything_that_happened"), run: () => printAll() },
  ...strip.bindings, ...roomBindings(),
];
for (const name of VIEW_NAMES) byId(`view-${name}`).addEventListener("click", () => turnTo(name));
byId("print").addEventListener("click", () => printAll());
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
await refresh().then(() => masthead.say(true), (thrown) => byId("list").replaceChildren(h("p", { class: "alert" }, problemOf(thrown).message)));
setInterval(tick, 1000);
follow(refresh, (up) => masthead.say(up));
