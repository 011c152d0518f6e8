// Quality: what signed reports say of the model, by site, scanner and model version; one row a finding, and the pictures of the finding looked at.
import type { Adjudicated, Cell, CellSummary, FilmDrift, Gap, GroupRate, Measure, Quality, QualityReport, TagDrift } from "./answers/quality.ts";
import { get, problemOf } from "./api.ts";
import { byId, type Child, h, show } from "./dom.ts";
import { shortly, visible, waited, words } from "./format.ts";
import { listen, sheet } from "./keys.ts";
import { followRoom } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { fixed, reliability, scores, trend, turnaround } from "./quality_plots.ts";
import { begin, may } from "./session.ts";
import { CriticalStrip } from "./strip.ts";

const AGAIN_MS = 600_000;
const LATE_MS = 2 * 86_400_000;
const TRENDS: Record<string, string> = { sensitivity: "sensitivity", specificity: "specificity", override: "overridden calls", mean_probability: "mean probability", psi: "PSI of scores" };
const COLUMNS: [string, string][] = [["sensitivity", "Sensitivity"], ["specificity", "Specificity"], ["ppv", "PPV"], ["fp_per_100_studies", "FP / 100"], ["auroc", "AUROC"], ["ece", "ECE"], ["psi", "PSI"], ["override", "Overridden"]];
let report: QualityReport | null = null;
let definitions: Record<string, string> = {};
let place = ""; // site, scanner and model shown
let finding = "";
let measure = "sensitivity";

const placeOf = ({ key }: CellSummary) => JSON.stringify([key.site, key.scanner, key.model]);
const numbersOf = (cell: { numbers: Measure[] }): Record<string, Measure> => Object.fromEntries(cell.numbers.map((each) => [each.name, each]));
const shown = (): CellSummary[] => report?.cells.filter((cell) => placeOf(cell) === place) ?? [];

async function load(): Promise<void> {
  const answer = await get<Quality>("/api/quality", { background: true });
  report = answer.report;
  definitions = answer.definitions;
  byId("said").replaceChildren(...said(new Date(answer.now)));
  const places = [...new Set(report?.cells.map(placeOf))];
  const [first] = places;
  for (const id of ["places", "table", "cell", "films"]) show(byId(id), first !== undefined);
  if (first === undefined) return;
  if (!places.includes(place)) place = first;
  byId("places").replaceChildren(...choices(places));
  await draw();
}

function said(now: Date): HTMLElement[] {
  if (!report) return [h("div", { class: "empty" }, h("strong", {}, "Nothing has been measured yet"), h("span", {}, "The first round is made in the night after the first report was signed. By hand: ", h("code", {}, "wetread monitor run")))];
  byId("as-of").textContent = `made ${shortly(report.made_at)}, ${report.studies} signed studies received since ${report.since}`;
  const late = Number(now) - Date.parse(report.made_at) > LATE_MS;
  const left = report.left_out.map(([why, n]) => `${n} left out: ${why}`).join("; ");
  return [
    late && h("p", { class: "alert", role: "alert" }, `These numbers are ${waited(report.made_at, now)} old: the nightly round does not run. Tell whoever runs wetread.`),
    h("p", { class: "muted" }, `${[...new Set(report.cells.map((cell) => cell.basis))].map((each) => visible(each)).join("; ") || "no signed study was read by a calibrated model"}. A finding that a report does not mention counts as ${report.unmentioned_as === "negative" ? "absent" : "unlabelled"}. ${left}`),
    report.unfinished.length > 0 && h("p", { class: "muted" }, `Relabelling rounds not finished, not counted: ${report.unfinished.map(([name, n]) => `${visible(name)} (${n} studies undecided)`).join(", ")}`),
    report.notes.length > 0 && h("details", { class: "definitions" }, h("summary", {}, `${report.notes.length} cells have no reference yet`), h("ul", {}, report.notes.map((each) => h("li", {}, visible(each))))),
  ].filter((each) => each !== false);
}

function choices(places: string[]): HTMLElement[] {
  const name = (each: string) => (JSON.parse(each) as string[]).map((part) => visible(part)).join(" · ");
  const select = h("select", { id: "place" }, places.map((each) => h("option", { value: each, selected: each === place }, name(each))));
  select.addEventListener("change", () => ((place = select.value), draw()));
  return [h("label", { class: "grow" }, "Site, scanner and model", select)];
}

async function draw(): Promise<void> {
  const cells = shown();
  if (!cells.some((cell) => cell.key.finding === finding)) finding = cells[0]?.key.finding ?? "";
  const inHand = byId("table").contains(document.activeElement) && document.activeElement?.matches("button");
  byId("table").replaceChildren(table(cells));
  byId("films").replaceChildren(...films());
  if (inHand) byId("table").querySelector<HTMLElement>('[aria-pressed="true"]')?.focus();
  await drawCell();
}

function table(cells: CellSummary[]): HTMLElement {
  const heads = COLUMNS.map(([name, label]) => h("th", { scope: "col", title: definitions[name] }, label));
  return h("table", { class: "numbers" }, h("caption", { class: "visually-hidden" }, "By finding: value, 95 % interval in brackets; too few cases are said with their n"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Finding"), h("th", { scope: "col" }, "Positive of n"), heads)), h("tbody", {}, cells.map(row)));
}

function row(cell: CellSummary): HTMLElement {
  const numbers = numbersOf(cell);
  const name = cell.key.finding;
  const pick = h("button", { type: "button", "aria-pressed": String(name === finding), onclick: () => ((finding = name), draw()) }, words(visible(name)));
  const flag = cell.worse_groups > 0 ? h("span", { class: "chip asap", title: "groups worse than all others, by Holm within an axis" }, `${cell.worse_groups} worse`) : null;
  return h("tr", { "aria-selected": name === finding ? "true" : null }, h("th", { scope: "row" }, pick, " ", flag), h("td", { class: "count" }, `${cell.positive} of ${cell.positive + cell.negative}`), COLUMNS.map(([each]) => value(each, numbers)));
}

function value(name: string, numbers: Record<string, Measure>): HTMLElement {
  const number = numbers[name];
  if (!number || number.value === null) return h("td", { class: "few", title: number?.refused ?? "" }, `n ${number?.n ?? 0}`, h("span", { class: "visually-hidden" }, ", too few"));
  const limit = name === "ece" ? numbers.ece_null_mean : name === "psi" ? numbers.psi_critical : undefined;
  const beyond = name === "psi" && limit?.value != null && number.value > limit.value;
  const digits = name === "fp_per_100_studies" ? 1 : 2;
  const between = limit?.value != null ? `${name === "ece" ? "chance" : "limit"} ${fixed(limit.value, 2)}` : number.low !== null ? `${fixed(number.low, digits)} to ${fixed(number.high, digits)}` : "";
  return h("td", { class: beyond ? "beyond" : "", title: `n ${number.n}` }, fixed(number.value, digits), h("span", { class: "between" }, between && `(${between})`));
}

async function drawCell(): Promise<void> {
  const cell = shown().find((each) => each.key.finding === finding);
  if (!cell) return;
  const whole = await get<Cell>(`/api/quality/cell?${new URLSearchParams(cell.key)}`, { background: true });
  if (whole.key.finding !== finding) return; // somebody has moved on
  const numbers = numbersOf(whole);
  const select = h("select", { id: "measure", "aria-label": "What the trend shows" }, Object.entries(TRENDS).map(([name, label]) => h("option", { value: name, selected: name === measure }, label)));
  select.addEventListener("change", () => ((measure = select.value), drawCell().then(() => byId("measure")?.focus())));
  const counts = `${whole.studies} studies: ${whole.positive} positive, ${whole.negative} negative (${whole.unmentioned} not mentioned), ${whole.uncertain} uncertain, ${whole.conflicting} contradictory`;
  byId("cell").replaceChildren(h("div", { class: "line" }, h("h2", {}, words(visible(finding))), h("span", { class: "muted" }, counts)),
    h("div", { class: "pictures" }, reliability(whole), trend(whole, measure, select), scores(whole, numbers.psi, numbers.psi_critical), turnaround(numbers), ...whole.adjudicated.map(adjudicated), ...whole.gaps.map(groups)), everything(whole));
}

function adjudicated(round: Adjudicated): HTMLElement {
  const rate = (each: Measure) => h("tr", {}, h("th", { scope: "row" }, words(each.name)), each.value === null ? h("td", { class: "muted" }, each.refused) : h("td", {}, `${fixed(each.value)} (${fixed(each.low)} to ${fixed(each.high)})`), h("td", {}, `n ${each.n}`));
  const about = `Blinded adjudication, weighted by the inverse of each study's chance of being drawn: ${round.studies} studies received ${round.first_day} to ${round.last_day}, ${round.uncertain} left open by the readers.`;
  return h("figure", { class: "picture" }, h("figcaption", {}, h("span", {}, `Round ${visible(round.round_id)}`), h("span", { class: "muted" }, `${round.positive} positive, ${round.negative} negative`)),
    h("table", { class: "groups", "aria-label": `Adjudicated in round ${visible(round.round_id)}` }, h("tbody", {}, round.numbers.map(rate))), h("p", { class: "muted" }, about));
}

function groups(gap: Gap): HTMLElement {
  const cells = (each: GroupRate) => (each.value === null ? [h("td", { colspan: 2, class: "muted" }, each.withheld)] : [h("td", {}, `${fixed(each.value)} (${fixed(each.low)} to ${fixed(each.high)})`), h("td", {}, `n ${each.n}`)]);
  const name = (each: GroupRate): Child => [visible(each.group), each.p_worse !== null && each.p_worse < 0.05 ? h("span", { class: "chip asap" }, "worse") : null];
  return h("figure", { class: "picture" }, h("figcaption", {}, h("span", {}, `${words(gap.rate)} by ${gap.axis}`), h("span", { class: "muted" }, `all ${fixed(gap.overall)}`)),
    h("table", { class: "groups", "aria-label": `${words(gap.rate)} by ${gap.axis}` }, h("tbody", {}, gap.groups.map((each) => h("tr", {}, h("th", { scope: "row" }, name(each)), cells(each))))));
}

function films(): HTMLElement[] {
  const [site, , model] = JSON.parse(place) as [string, string, string];
  const tags = (report?.tags ?? []).filter((each) => each.site === site && each.model === model);
  if (tags.length === 0) return [];
  const share = (each: number) => `${Math.round(100 * each)} %`;
  const changes = (tag: TagDrift) => tag.shares.slice(0, 3).map(([name, before, now]) => `${visible(name)} ${share(before)} to ${share(now)}`).join(", ");
  const cells = (tag: TagDrift) => (tag.distance === null || tag.p === null ? [h("td", { colspan: 3, class: "muted" }, tag.refused)] : [h("td", {}, share(tag.distance)), h("td", {}, `p ${tag.p.toPrecision(2)}`), h("td", {}, changes(tag))]);
  const heads = ["Tag", "Changed", "Chance", "Largest changes", "n"].map((each) => h("th", { scope: "col" }, each));
  return [h("details", { class: "definitions" }, h("summary", {}, "Films of this site and model against the reference"),
    h("p", { class: "muted" }, "Changed: share of studies of another category than in the reference, one study a patient; chance: a chi-square test. It says that something changed, not that the model got worse."),
    h("table", { class: "all" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, tags.map((tag) => h("tr", {}, h("th", { scope: "row" }, tag.tag), cells(tag), h("td", {}, `${tag.n}, reference ${tag.n_reference}`))))),
    h("p", {}, `Look of the films: ${look(report?.films.find((each) => each.site === site && each.model === model))}`))];
}

function look(films: FilmDrift | undefined): string {
  if (!films) return report?.films_unsaid ?? "";
  if (films.auroc === null || films.p === null) return films.refused;
  return `a simple classifier tells new from old with AUROC ${fixed(films.auroc)} (${fixed(films.low)} to ${fixed(films.high)}; 0.5 no change), p ${films.p.toPrecision(2)}, n ${films.n}, reference ${films.n_reference}. A reason to look, not a verdict.`;
}

function everything(cell: Cell): HTMLElement {
  const heads = ["Number", "Value", "95 % interval", "n", "What it is"].map((each) => h("th", { scope: "col" }, each));
  const line = (each: Measure) => h("tr", {}, h("th", { scope: "row" }, words(each.name)), h("td", {}, each.value === null ? each.refused : each.value.toPrecision(4)), h("td", {}, each.low === null || each.high === null ? "" : `${each.low.toPrecision(4)} to ${each.high.toPrecision(4)}`), h("td", {}, String(each.n)), h("td", { class: "muted" }, definitions[each.name]));
  return h("details", { class: "definitions" }, h("summary", {}, "Every number and its definition"), h("table", { class: "all" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, cell.numbers.map(line))));
}

function step(by: number): void {
  if (!report?.cells.length) return;
  const names = shown().map((cell) => cell.key.finding);
  finding = names[Math.min(Math.max(names.indexOf(finding) + by, 0), names.length - 1)] ?? finding;
  draw();
}

await begin();
const strip = may("see_worklist") ? new CriticalStrip() : null;
const masthead = new Masthead(strip);
const bindings = [
  { keys: ["ArrowDown", "j"], says: "next finding", run: () => step(1) },
  { keys: ["ArrowUp", "k"], says: "finding before", run: () => step(-1) },
  ...(strip?.bindings ?? []),
  ...roomBindings(),
];
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
const refused = (thrown: unknown) => byId("said").replaceChildren(h("p", { class: "alert" }, problemOf(thrown).message));
await masthead.refresh().then(() => masthead.say(true), () => masthead.say(false));
await load().catch(refused);
setInterval(() => load().catch(refused), AGAIN_MS);
followRoom(() => masthead.refresh(), (up) => masthead.say(up), may("see_worklist"));
