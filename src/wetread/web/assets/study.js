// The reading page: film, findings, report, signature.
import { get, send } from "./api.js";
import { askAboutConflict, askToAmend, askToReject, askToSign } from "./acts.js";
import { byId, h, show } from "./dom.js";
import { Editor } from "./editor.js";
import { Film } from "./film.js";
import { findingsPanel } from "./findings.js";
import { age, date, personName, visible, words } from "./format.js";
import { listen, sheet } from "./keys.js";
import { follow } from "./live.js";
import { Masthead, roomBindings } from "./masthead.js";
import { Saver } from "./saver.js";
import { begin, may, me, runBeforeLock } from "./session.js";
import { deliveryList, document_, signatureBlock, versionList } from "./signed.js";
import { CriticalStrip } from "./strip.js";

const studyKey = location.pathname.split("/").at(-1);
const address = `/api/studies/${studyKey}`;
const MACHINE_DONE = ["drafted", "in_reading"];
const READABLE = ["admitted", "analysed", "ai_unavailable", "triaged", ...MACHINE_DONE];
let reading = null;
let film = null;
let editor = null;
let saver = null;
let verdicts = new Map();
let versionShown = null;
let newest = 0;

const sources = () => h("a", { class: "sources", href: `${address}/provenance.svg`, target: "_blank", rel: "noopener" }, "Sources ", h("kbd", {}, "p"));
const openReport = () => reading.report && !reading.report.signature;
const editing = () => may("edit_draft") && openReport();

async function load() {
  const mine = ++newest;
  let fresh = await get(address);
  if (may("edit_draft") && MACHINE_DONE.includes(fresh.study.state)) fresh = await send("POST", `${address}/open`);
  if (mine !== newest) return; // somebody acted while this was under way: what is on the screen is theirs
  reading = fresh;
  film ??= new Film(byId("film"), studyKey);
  header();
  words_();
  if (film.instances?.length !== reading.instances.filter((each) => each.has_pixel_data).length) film.offer(reading.instances, reading.ai.analysis?.instance_key);
  if (reading.ai.analysis?.has_heat_maps) get(`${address}/heatmap`, { background: true }).then((heat) => film.setHeat(heat), () => {});
}

function header() {
  const { identity, study, triage } = reading;
  const facts = [`${age(study.age_years)} ${study.sex}`, visible(identity.patient_id), date(identity.study_date), visible(identity.study_description), `acc. ${visible(identity.accession_number)}`, study.site];
  byId("patient").textContent = personName(identity.patient_name);
  byId("facts").textContent = facts.filter(Boolean).join("  ·  ");
  byId("why").replaceChildren(h("span", { class: "cut" }, visible(triage?.reason ?? "")), h("span", { class: `chip ${study.priority}` }, study.critical ? "CRITICAL" : study.priority.toUpperCase()), h("span", { class: "chip" }, words(study.state)));
  show(byId("synthetic"), reading.synthetic);
  byId("bar").classList.toggle("critical", study.critical && READABLE.includes(study.state));
}

function words_() {
  saver?.stop();
  film.point(null);
  verdicts = new Map((reading.report?.content.findings ?? []).map((each) => [each.name, each]));
  drawFindings();
  if (editing()) return drawEditor();
  editor = saver = null;
  if (reading.report?.signature) return drawSigned();
  drawWaiting();
}

function drawFindings() {
  const verdictOf = (name) => (verdicts.has(name) ? (verdicts.get(name).present ? "present" : "absent") : null);
  byId("findings").replaceChildren(...findingsPanel(reading, { editable: Boolean(editing()), verdictOf, onVerdict: judge, onPoint: (finding, instance) => film.point(finding, instance) }));
  if (reading.priors.length) byId("findings").append(h("p", { class: "quiet-line" }, "Earlier studies: ", reading.priors.flatMap((each, at) => [at ? ", " : "", h("a", { href: `/studies/${each.study_key}` }, date(each.study_date) || "undated")])));
}

function judge(finding, verdict) {
  if (verdict === null) verdicts.delete(finding.name);
  else verdicts.set(finding.name, { name: finding.name, present: verdict === "present", laterality: verdict === "present" ? finding.laterality : "" });
  const open = byId("findings").querySelector("details")?.open;
  drawFindings();
  if (open) byId("findings").querySelector("details").open = true;
  byId("findings").querySelector(`[data-finding="${finding.name}"] [aria-pressed="${verdict !== null}"]`)?.focus();
  saver.changed();
}

function drawEditor() {
  const { report, draft, study } = reading;
  saver = new Saver(studyKey, report, () => ({ sections: editor.sections, findings: [...verdicts.values()].map(({ name, present, laterality }) => ({ name, present, laterality })) }), { say: saySaved, onConflict: settle });
  const evidence = h("div", { class: "evidence", id: "evidence", "aria-live": "polite" });
  editor = new Editor(reading, me().sections, evidence, () => saver.changed());
  const others = report.author_id !== me().actor_id && study.state === "in_reading" ? h("p", { class: "quiet-line warn" }, `${report.author_id} has this report open too, or wrote it last.`) : null;
  byId("report").replaceChildren(
    h("div", { class: "title" }, h("h2", {}, report.amendment_reason ? "Amendment" : "Report"), h("span", { class: "muted" }, `version ${report.version}, unsigned`), draft && h("span", { class: "legend" }, h("span", {}, "dotted"), ": the AI's words, unedited"), sources()),
    ...[others, draft?.notice && report.version === 1 && h("p", { class: "quiet-line" }, visible(draft.notice)), editor.element, versionList(reading.versions, report.version, look)].filter(Boolean));
  editor.grow();
  byId("foot").replaceChildren(evidence, h("span", { class: "saved", id: "saved", role: "status" }, "Saves by itself"), draft && report.version === 1 ? h("button", { class: "quiet", onclick: reject }, "Discard AI draft") : "", h("button", { class: "primary", onclick: sign }, "Sign ", h("kbd", {}, "Ctrl Enter")));
}

function drawSigned() {
  const report = reading.versions.find((each) => each.version === versionShown) ?? reading.report;
  byId("report").replaceChildren(
    h("div", { class: "title" }, h("h2", {}, "Report"), h("span", { class: "muted" }, `version ${report.version}, ${report.status}`), sources()),
    document_(report), ...(report.signature ? [signatureBlock(report), h("h3", { class: "visually-hidden" }, "Deliveries"), deliveryList(reading.deliveries, report.version)] : []),
    ...[versionList(reading.versions, report.version, look)].filter(Boolean));
  const preliminary = reading.report.status === "preliminary";
  byId("foot").replaceChildren(h("span", { class: "saved" }, preliminary ? "Preliminary: a radiologist must sign it." : "Signed. Nothing in it can change."),
    preliminary && may("sign") ? h("button", { onclick: startReading }, "Review and sign") : !preliminary && may("sign") ? h("button", { onclick: amend }, "Amend") : "", nextButton());
}

function drawWaiting() {
  const { study } = reading;
  const startable = may("edit_draft") && READABLE.includes(study.state);
  const says = startable ? "No draft yet. You can start reading now; the report then starts empty." : READABLE.includes(study.state) ? "There is no report yet, and your role reads only." : `This study is ${words(study.state)}: there is no report.`;
  byId("report").replaceChildren(h("div", { class: "title" }, h("h2", {}, "Report")), h("p", { class: "quiet-line" }, says), ...(openReport() ? [document_(reading.report)] : []));
  byId("foot").replaceChildren(h("span", { class: "saved" }, ""), startable ? h("button", { class: "primary", onclick: startReading }, "Start reading without AI") : "", nextButton());
}

const nextButton = () => h("button", { class: "primary", onclick: next }, "Next study ", h("kbd", {}, "n"));

function look(version) {
  newest += 1;
  versionShown = version;
  if (editing() && version !== reading.report.version) return saver.flush().finally(drawSignedOld);
  return editing() ? words_() : drawSigned();
}

function drawSignedOld() {
  drawSigned();
  byId("foot").replaceChildren(h("span", { class: "saved" }, `You are looking at version ${versionShown}.`), h("button", { class: "primary", onclick: () => load() }, "Back to the open version"));
}

function saySaved(text, warn) {
  const place = byId("saved");
  if (!place) return;
  place.textContent = text;
  place.classList.toggle("warn", warn);
}

async function settle() {
  const mine = { sections: editor.sections, text: editor.sections.map((each) => `${each.section}: ${each.text}`).join("\n\n") };
  const keptVerdicts = verdicts;
  const choice = await askAboutConflict(mine.text);
  saver.stop();
  await load();
  if (choice !== "mine" || !editing()) return;
  reading.report.content.sections = mine.sections;
  words_();
  verdicts = keptVerdicts;
  drawFindings();
  saver.changed();
}

async function startReading() {
  reading = await send("POST", `${address}/open`);
  header();
  words_();
  editor?.focus();
}

async function sign() {
  if (!editing()) return;
  try {
    await saver.flush();
  } catch {
    return; // the save line says why, and tries again
  }
  const done = await askToSign(studyKey, { session: me(), report: reading.report, etag: saver.etag, summary: editor.text("impression") });
  if (!done) return;
  saver.stop();
  versionShown = null;
  await load();
  byId("foot").querySelector("button.primary")?.focus();
}

async function amend() {
  if (await askToAmend(studyKey)) await load();
}

async function reject() {
  await saver.flush().catch(() => {});
  const blank = await askToReject(studyKey, { etag: saver.etag, reasons: me().reject_reasons });
  if (blank) (await load(), editor?.focus());
}

async function next() {
  await saver?.flush().catch(() => {});
  const { studies } = await get("/api/worklist?view=open");
  const waiting = studies.filter((each) => each.study_key !== studyKey && each.state !== "in_reading" && each.state !== "received");
  location.assign(waiting.length ? `/studies/${waiting[0].study_key}` : "/");
}

async function refreshStatus() {
  const now = await get(`${address}/status`, { background: true });
  if (editing()) return;
  const changed = now.study.state !== reading.study.state || now.report?.version !== reading.report?.version || now.has_analysis !== Boolean(reading.ai.analysis);
  reading.deliveries = now.deliveries;
  if (changed) return load();
  if (reading.report?.signature && !versionShown) drawSigned();
}

const leave = (path) => (saver?.flush() ?? Promise.resolve()).catch(() => {}).then(() => location.assign(path));

function step(by) {
  const buttons = [...byId("findings").querySelectorAll(".finding .name")].filter((each) => each.checkVisibility());
  if (buttons.length) buttons[(buttons.indexOf(document.activeElement) + by + buttons.length) % buttons.length].focus();
}

const keysOfReading = [
  { keys: ["h"], says: "heat map of the finding in hand, on or off", run: () => film?.toggleHeat() },
  { keys: ["i"], says: "invert", run: () => film?.invert() },
  { keys: ["f"], says: "fit the film", run: () => film?.fit() },
  { keys: ["0"], says: "reset the view", run: () => film?.reset() },
  { keys: ["+", "="], says: "zoom in", run: () => film?.zoom(1.25) },
  { keys: ["-"], says: "zoom out", run: () => film?.zoom(0.8) },
  { keys: ["[", "]"], says: "previous, next film", run: (event) => film?.turn(event.key === "]" ? 1 : -1) },
  { keys: ["j", "ArrowDown"], says: "next finding", run: () => step(1) },
  { keys: ["k", "ArrowUp"], says: "previous finding", run: () => step(-1) },
  { keys: ["e"], says: "write in the report", run: () => editor?.focus() },
  { keys: ["Escape"], says: "leave the text", whileTyping: true, run: () => byId("film").querySelector(".viewport")?.focus() },
  { keys: ["Ctrl+s"], says: "save now", whileTyping: true, run: () => saver?.flush().catch(() => {}) },
  { keys: ["Ctrl+Enter"], says: "sign", whileTyping: true, run: () => sign() },
  { keys: ["p"], says: "where every sentence comes from, drawn", run: () => window.open(`${address}/provenance.svg`, "_blank", "noopener") },
  { keys: ["n"], says: "next study", run: () => next() },
  { keys: ["u"], says: "back to the worklist", run: () => leave("/") },
];

await begin();
const strip = new CriticalStrip({ studyKey, leave });
const masthead = new Masthead(strip);
const bindings = [...keysOfReading, ...strip.bindings, ...roomBindings(leave)];
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
runBeforeLock(() => saver?.flush());
masthead.refresh().catch(() => {});
try {
  await load();
  byId("film").querySelector(".viewport").focus();
  follow(() => Promise.all([refreshStatus(), masthead.refresh()]), (up) => masthead.say(up));
} catch (problem) {
  byId("patient").textContent = "This study cannot be opened";
  byId("report").replaceChildren(h("p", { class: "alert" }, problem.message), h("p", {}, h("a", { href: "/" }, "Back to the worklist")));
}
