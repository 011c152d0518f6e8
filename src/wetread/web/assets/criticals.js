// Critical results, open and closed, each with everything that happened to it, to be read or printed.
import { get } from "./api.js";
import { HOW, isOverdue, nameOf, pageWords, REASONS, stateWords, timer, whatNext } from "./critical_words.js";
import { byId, h } from "./dom.js";
import { moment, personName, shortly, visible, words } from "./format.js";
import { listen, sheet } from "./keys.js";
import { follow } from "./live.js";
import { Masthead, roomBindings } from "./masthead.js";
import { begin, me } from "./session.js";
import { CriticalStrip, serverNow, sign, tone } from "./strip.js";

const VIEWS = { open: "Open", closed: "Closed" };
let view = location.hash === "#closed" ? "closed" : "open";
let closed = [];
const opened = new Set();
const details = new Map();

const listed = () => (view === "open" ? strip.results : closed);

async function refresh() {
  await masthead.refresh();
  if (view === "closed") closed = (await get("/api/criticals?view=closed", { background: true })).criticals;
  await Promise.all(listed().filter((each) => opened.has(each.critical_key)).map(load));
  draw();
}

async function load(result) {
  details.set(result.critical_key, await get(`/api/criticals/${result.critical_key}`, { background: true }));
}

function draw() {
  for (const [name, says] of Object.entries(VIEWS)) {
    byId(`view-${name}`).textContent = name === "open" ? `${says} ${strip.results.length}` : says;
    byId(`view-${name}`).setAttribute("aria-selected", String(name === view));
  }
  byId("list").setAttribute("aria-labelledby", `view-${view}`);
  const inHand = document.activeElement?.closest?.("#list [data-key]")?.dataset.key;
  const wasSummary = document.activeElement?.matches?.("summary");
  byId("list").replaceChildren(listed().length ? h("ul", { class: "items" }, listed().map((each, at) => item(each, at === 0))) : empty());
  const again = inHand && byId("list").querySelector(`[data-key="${inHand}"]`);
  if (again && !document.querySelector("dialog[open]")) (wasSummary ? again.querySelector("summary") : again.querySelector(".acts button, summary"))?.focus();
}

function empty() {
  const says = view === "open" ? ["No critical result is open", "New ones appear here and on every page by themselves."] : ["None has been closed yet", "Closed critical results stay here with all that was done."];
  return h("div", { class: "empty" }, h("strong", {}, says[0]), h("span", {}, says[1]));
}

function item(result, first) {
  const late = isOverdue(result, serverNow());
  const key = result.critical_key;
  const named = result.patient_name === undefined ? null : h("span", {}, personName(result.patient_name), " ", h("span", { class: "muted mono" }, visible(result.patient_id)));
  const body = h("div", { class: "body" }, timeline(details.get(key)));
  const toggle = async (event) => {
    if (!event.target.open) return void opened.delete(key);
    if (opened.has(key)) return;
    opened.add(key);
    await load(result).then(() => body.replaceChildren(timeline(details.get(key))), (problem) => body.replaceChildren(h("p", { class: "error" }, problem.message)));
  };
  return h("li", { class: `item ${tone(result, late)}`, "data-key": key },
    h("details", { open: opened.has(key), ontoggle: toggle }, h("summary", {}, sign(late), h("span", { class: "state" }, late ? `OVERDUE, ${stateWords(result)}` : stateWords(result)), h("strong", { class: "reason" }, visible(result.reason)), named, h("span", { class: "muted" }, visible(result.site)), h("span", { class: "clock", "data-part": "timer" }, view === "open" ? timer(result, serverNow()) : moment(result.closure.closed_at))), body),
    strip.buttons(result, first && view === "open"));
}

const read = (text) => (text ? h("q", {}, visible(text)) : null);

const at = (iso) => h("time", { datetime: iso, title: moment(iso) }, h("span", { class: "screen-inline" }, shortly(iso)), h("span", { class: "print-inline" }, moment(iso)));

// What people did; `said` holds the acts, `result` the names.
function acts(result, { acknowledgement: taken, communication: told }) {
  return [
    taken && [taken.acknowledged_at, "Acknowledged", `${nameOf(result, taken.actor_id)}. Read back: `, read(taken.read_back) ?? "not shown to your role"],
    told && [told.communicated_at, "Communicated", `${nameOf(result, told.actor_id)} told ${told.to_whom === undefined ? "somebody" : visible(told.to_whom)} ${HOW[told.how] ?? words(told.how)}. ${told.read_back_confirmed ? "They read it back correctly." : "It was not read back."}`],
  ].filter(Boolean);
}

function timeline(result) {
  if (!result) return h("p", { class: "muted" }, "Loading what happened");
  const ended = result.closure;
  const steps = [
    [result.opened_at, "Opened", `${visible(result.reason)}; ${words(result.priority)}, ${visible(result.site)}. To be acknowledged by `, at(result.acknowledge_by), ", communicated by ", at(result.communicate_by), "."],
    ...result.pages.map((page) => [page.sent_at ?? page.queued_at, `Page ${page.step + 1}`, `${pageWords(result, page)}.`]),
    ...result.earlier.flatMap((said) => acts(result, said)).map((act) => [...act, h("span", { class: "muted" }, " Before a later image brought another finding.")]),
    ...acts(result, result),
    ended && [ended.closed_at, "Closed", `${nameOf(result, ended.actor_id)}: ${REASONS[ended.reason] ?? words(ended.reason)}. `, read(ended.note)],
  ].filter(Boolean).sort(([one], [other]) => new Date(one) - new Date(other));
  const next = whatNext(result, serverNow());
  return h("ol", { class: "timeline" }, steps.map(([iso, title, ...says]) => h("li", {}, at(iso), h("strong", {}, title), h("span", {}, says))), next.text && h("li", { class: next.late ? "then late" : "then" }, h("span", {}, ""), h("strong", {}, "Then"), h("span", {}, next.text)));
}

function tick() {
  if (view !== "open") return;
  for (const each of byId("list").querySelectorAll("[data-key]")) {
    const result = strip.results.find((one) => one.critical_key === each.dataset.key);
    if (!result) continue;
    each.querySelector("[data-part=timer]").textContent = timer(result, serverNow());
    if (isOverdue(result, serverNow()) !== each.classList.contains("overdue")) return draw();
  }
}

function turnTo(name) {
  view = name;
  refresh().catch(() => masthead.say(false));
}

async function printAll() {
  for (const each of listed()) opened.add(each.critical_key);
  await Promise.all(listed().map(load));
  byId("printed").textContent = `Printed ${moment(serverNow())} by ${me().display_name}. ${VIEWS[view]}: ${listed().length}. Assistive research tool; not a cleared device.`;
  draw();
  print();
}

function step(by) {
  const lines = [...byId("list").querySelectorAll("summary")];
  const at = lines.findIndex((each) => each.closest("[data-key]").contains(document.activeElement));
  lines[Math.min(lines.length - 1, Math.max(0, at + by))]?.focus();
}

await begin();
const strip = new CriticalStrip({ slim: false, listed: true, onActed: () => refresh().catch(() => {}) });
const masthead = new Masthead(strip);
const bindings = [
  { keys: ["j", "ArrowDown"], says: "next result", run: () => step(1) },
  { keys: ["k", "ArrowUp"], says: "previous result", run: () => step(-1) },
  { keys: ["1"], says: "open results", run: () => turnTo("open") },
  { keys: ["2"], says: "closed results", run: () => turnTo("closed") },
  { keys: ["p"], says: "print with everything that happened", run: () => printAll() },
  ...strip.bindings, ...roomBindings(),
];
for (const name of Object.keys(VIEWS)) byId(`view-${name}`).addEventListener("click", () => turnTo(name));
byId("print").addEventListener("click", () => printAll());
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
await refresh().then(() => masthead.say(true), (problem) => byId("list").replaceChildren(h("p", { class: "alert" }, problem.message)));
setInterval(tick, 1000);
follow(refresh, (up) => masthead.say(up));
