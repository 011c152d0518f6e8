// Quality: what signed reports say of the model, by site, scanner and model version; one row a finding, and the pictures of the finding looked at.
import type { Adjudicated, BlindVerdict, Cell, CellSummary, FilmDrift, Gap, GroupRate, Measure, OwnReads, Quality, QualityReport, TagDrift } from "./answers/quality.ts";
import { get, problemOf } from "./api.ts";
import { byId, type Child, h, show } from "./dom.ts";
import { shortly, visible, waited, words } from "./format.ts";
import { listen, sheet } from "./keys.ts";
import { followRoom } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { fixed, reliability, scores, trend, turnaround } from "./quality_plots.ts";
import { begin, may } from "./session.ts";
import { CriticalStrip } from "./strip.ts";
import { t } from "./catalogue.ts";

const AGAIN_MS = 600_000;
const LATE_MS = 2 * 86_400_000;
const TRENDS: Record<string, string> = { sensitivity: "sensitivity", specificity: "specificity", override: t("quality.overridden_calls"), mean_probability: t("quality.mean_probability"), psi: t("quality.psi_of_scores") };
const COLUMNS: [string, string][] = [["sensitivity", t("quality.sensitivity")], ["specificity", t("quality.specificity")], ["ppv", "PPV"], ["fp_per_100_studies", "FP / 100"], ["auroc", "AUROC"], ["ece", "ECE"], ["psi", "PSI"], ["override", t("quality.overridden")]];
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
  if (!report) return [h("div", { class: "empty" }, h("strong", {}, t("quality.nothing_has_been_measured_yet")), h("span", {}, t("quality.the_first_round_is_made"), h("code", {}, "wetread monitor run")))];
  byId("as-of").textContent = t("quality.made_signed_studies_received_since", { made_at: shortly(report.made_at), studies: report.studies, since: report.since });
  const late = Number(now) - Date.parse(report.made_at) > LATE_MS;
  const left = report.left_out.map(([why, n]) => t("quality.left_out", { n, why })).join("; ");
  return [
    late && h("p", { class: "alert", role: "alert" }, t("quality.these_numbers_are_old_the", { made_at: waited(report.made_at, now) })),
    h("p", { class: "muted" }, t("quality.basis", { basis: [...new Set(report.cells.map((cell) => cell.basis))].map((each) => visible(each)).join("; ") || t("quality.basis.none"), unmentioned: t(report.unmentioned_as === "negative" ? "quality.absent" : "quality.unlabelled"), left })),
    report.unfinished.length > 0 && h("p", { class: "muted" }, t("quality.unfinished", { rounds: report.unfinished.map(([name, n]) => t("quality.undecided", { name: visible(name), n })).join(", ") })),
    report.notes.length > 0 && h("details", { class: "definitions" }, h("summary", {}, t("quality.cells_have_no_reference_yet", { notes: report.notes.length })), h("ul", {}, report.notes.map((each) => h("li", {}, visible(each))))),
  ].filter((each) => each !== false);
}

function choices(places: string[]): HTMLElement[] {
  const name = (each: string) => (JSON.parse(each) as string[]).map((part) => visible(part)).join(" · ");
  const select = h("select", { id: "place" }, places.map((each) => h("option", { value: each, selected: each === place }, name(each))));
  select.addEventListener("change", () => ((place = select.value), draw()));
  return [h("label", { class: "grow" }, t("quality.site_scanner_and_model"), select)];
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
  return h("table", { class: "numbers" }, h("caption", { class: "visually-hidden" }, t("quality.by_finding_value_95_interval")),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("quality.finding")), h("th", { scope: "col" }, t("quality.positive_of_n")), heads)), h("tbody", {}, cells.map(row)));
}

function row(cell: CellSummary): HTMLElement {
  const numbers = numbersOf(cell);
  const name = cell.key.finding;
  const pick = h("button", { type: "button", "aria-pressed": String(name === finding), onclick: () => ((finding = name), draw()) }, words(visible(name)));
  const flag = cell.worse_groups > 0 ? h("span", { class: "chip asap", title: t("quality.groups_worse_than_all_others") }, t("quality.worse", { worse_groups: cell.worse_groups })) : null;
  return h("tr", { "aria-selected": name === finding ? "true" : null }, h("th", { scope: "row" }, pick, " ", flag), h("td", { class: "count" }, t("quality.of", { positive: cell.positive, negative: cell.positive + cell.negative })), COLUMNS.map(([each]) => value(each, numbers)));
}

function value(name: string, numbers: Record<string, Measure>): HTMLElement {
  const number = numbers[name];
  if (!number || number.value === null) return h("td", { class: "few", title: number?.refused ?? "" }, `n ${number?.n ?? 0}`, h("span", { class: "visually-hidden" }, t("quality.too_few")));
  const limit = name === "ece" ? numbers.ece_null_mean : name === "psi" ? numbers.psi_critical : undefined;
  const beyond = name === "psi" && limit?.value != null && number.value > limit.value;
  const digits = name === "fp_per_100_studies" ? 1 : 2;
  const between = limit?.value != null ? `${name === "ece" ? "chance" : "limit"} ${fixed(limit.value, 2)}` : number.low !== null ? t("quality.to", { digits: fixed(number.low, digits), digits2: fixed(number.high, digits) }) : "";
  return h("td", { class: beyond ? "beyond" : "", title: `n ${number.n}` }, fixed(number.value, digits), h("span", { class: "between" }, between && `(${between})`));
}

async function drawCell(): Promise<void> {
  const cell = shown().find((each) => each.key.finding === finding);
  if (!cell) return;
  const whole = await get<Cell>(`/api/quality/cell?${new URLSearchParams(cell.key)}`, { background: true });
  if (whole.key.finding !== finding) return; // somebody has moved on
  const numbers = numbersOf(whole);
  const select = h("select", { id: "measure", "aria-label": t("quality.what_the_trend_shows") }, Object.entries(TRENDS).map(([name, label]) => h("option", { value: name, selected: name === measure }, label)));
  select.addEventListener("change", () => ((measure = select.value), drawCell().then(() => byId("measure")?.focus())));
  const counts = t("quality.studies_positive_negative_not_mentioned", { studies: whole.studies, positive: whole.positive, negative: whole.negative, unmentioned: whole.unmentioned, uncertain: whole.uncertain, conflicting: whole.conflicting });
  byId("cell").replaceChildren(h("div", { class: "line" }, h("h2", {}, words(visible(finding))), h("span", { class: "muted" }, counts)),
    h("div", { class: "pictures" }, reliability(whole), trend(whole, measure, select), scores(whole, numbers.psi, numbers.psi_critical), turnaround(numbers), ...whole.adjudicated.map(adjudicated), whole.own && own(whole.own), ...whole.gaps.map(groups), blind(whole)), everything(whole));
}

function adjudicated(round: Adjudicated): HTMLElement {
  const about = t("quality.blinded_adjudication_weighted_by_the", { studies: round.studies, first_day: round.first_day, last_day: round.last_day, uncertain: round.uncertain });
  return h("figure", { class: "picture" }, h("figcaption", {}, h("span", {}, t("quality.round", { round_id: visible(round.round_id) })), h("span", { class: "muted" }, t("quality.positive_negative", { positive: round.positive, negative: round.negative }))),
    h("table", { class: "groups", "aria-label": t("quality.adjudicated_in_round", { round_id: visible(round.round_id) }) }, h("tbody", {}, round.numbers.map(numberRow))), h("p", { class: "muted" }, about));
}

function own(reads: OwnReads): HTMLElement {
  const name = t("quality.own_blind_findings");
  return h("figure", { class: "picture" }, h("figcaption", {}, h("span", {}, name), h("span", { class: "muted" }, t("quality.positive_negative", { positive: reads.positive, negative: reads.negative }))),
    h("table", { class: "groups", "aria-label": name }, h("tbody", {}, reads.numbers.map(numberRow))), h("p", { class: "muted" }, t("quality.own_about", { studies: reads.studies, first_day: reads.first_day, last_day: reads.last_day, uncertain: reads.uncertain })));
}

function blind({ key }: Cell): HTMLElement {
  const said = (report?.blind ?? []).filter((each) => each.key.site === key.site && each.key.finding === key.finding && each.key.model === key.model);
  return h("figure", { class: "picture judged" }, h("figcaption", {}, h("span", {}, t("quality.blind"))),
    said.length > 0 && h("table", { class: "groups", "aria-label": t("quality.blind") }, h("tbody", {}, said.map(blindRow))), h("p", { class: "muted" }, t(said.length > 0 ? "quality.blind.about" : "quality.blind.none")));
}

function blindRow(of: BlindVerdict): HTMLTableRowElement {
  const name = [t(of.error === "missed" ? "quality.blind.missed" : "quality.blind.false_alarm"), h("span", { class: "between" }, of.basis === "verdicts" ? t("quality.blind.round", { round_id: visible(of.round_id) }) : t("quality.blind.own"))];
  if (of.rate === null || of.evidence === null || of.needed === null) return h("tr", {}, h("th", { scope: "row" }, name), h("td", { colspan: 2, class: "muted" }, t("quality.blind.not_judged", { why: of.refused })), h("td", {}, `n ${of.n}`));
  const judged = t("quality.blind.evidence", { evidence: of.evidence.toPrecision(2), needed: fixed(of.needed, 0) });
  return h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, t("quality.to_2", { value: fixed(of.rate), low: fixed(of.low), high: fixed(of.high) }), h("span", { class: "between" }, t("quality.blind.allowed", { limit: fixed(of.limit) }))),
    h("td", { class: of.evidence >= of.needed ? "beyond" : "" }, judged), h("td", {}, `n ${of.n}`));
}

function numberRow(each: Measure): HTMLTableRowElement {
  const said = each.low === null || each.high === null ? fixed(each.value) : t("quality.to_2", { value: fixed(each.value), low: fixed(each.low), high: fixed(each.high) });
  return h("tr", {}, h("th", { scope: "row" }, words(each.name)), each.value === null ? h("td", { class: "muted" }, each.refused) : h("td", {}, said), h("td", {}, `n ${each.n}`));
}

function groups(gap: Gap): HTMLElement {
  const cells = (each: GroupRate) => (each.value === null ? [h("td", { colspan: 2, class: "muted" }, each.withheld)] : [h("td", {}, t("quality.to_2", { value: fixed(each.value), low: fixed(each.low), high: fixed(each.high) })), h("td", {}, `n ${each.n}`)]);
  const name = (each: GroupRate): Child => [visible(each.group), each.p_worse !== null && each.p_worse < 0.05 ? h("span", { class: "chip asap" }, "worse") : null];
  return h("figure", { class: "picture" }, h("figcaption", {}, h("span", {}, t("quality.by", { rate: words(gap.rate), axis: gap.axis })), h("span", { class: "muted" }, t("quality.all", { overall: fixed(gap.overall) }))),
    h("table", { class: "groups", "aria-label": t("quality.by", { rate: words(gap.rate), axis: gap.axis }) }, h("tbody", {}, gap.groups.map((each) => h("tr", {}, h("th", { scope: "row" }, name(each)), cells(each))))));
}

function films(): HTMLElement[] {
  const [site, , model] = JSON.parse(place) as [string, string, string];
  const tags = (report?.tags ?? []).filter((each) => each.site === site && each.model === model);
  if (tags.length === 0) return [];
  const share = (each: number) => `${Math.round(100 * each)} %`;
  const changes = (tag: TagDrift) => tag.shares.slice(0, 3).map(([name, before, now]) => `${visible(name)} ${share(before)} to ${share(now)}`).join(", ");
  const cells = (tag: TagDrift) => (tag.distance === null || tag.p === null ? [h("td", { colspan: 3, class: "muted" }, tag.refused)] : [h("td", {}, share(tag.distance)), h("td", {}, `p ${tag.p.toPrecision(2)}`), h("td", {}, changes(tag))]);
  const heads = [t("quality.tag"), t("quality.changed"), t("quality.chance"), t("quality.largest_changes"), "n"].map((each) => h("th", { scope: "col" }, each));
  return [h("details", { class: "definitions" }, h("summary", {}, t("quality.films_of_this_site_and")),
    h("p", { class: "muted" }, t("quality.changed_share_of_studies_of")),
    h("table", { class: "all" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, tags.map((tag) => h("tr", {}, h("th", { scope: "row" }, tag.tag), cells(tag), h("td", {}, t("quality.reference", { n: tag.n, n_reference: tag.n_reference })))))),
    h("p", {}, t("quality.look_of_the_films", { model: look(report?.films.find((each) => each.site === site && each.model === model)) })))];
}

function look(films: FilmDrift | undefined): string {
  if (!films) return report?.films_unsaid ?? "";
  if (films.auroc === null || films.p === null) return films.refused;
  return t("quality.a_simple_classifier_tells_new", { auroc: fixed(films.auroc), low: fixed(films.low), high: fixed(films.high), p: films.p.toPrecision(2), n: films.n, n_reference: films.n_reference });
}

function everything(cell: Cell): HTMLElement {
  const heads = [t("quality.number"), t("quality.value"), "95 % interval", "n", t("quality.what_it_is")].map((each) => h("th", { scope: "col" }, each));
  const line = (each: Measure) => h("tr", {}, h("th", { scope: "row" }, words(each.name)), h("td", {}, each.value === null ? each.refused : each.value.toPrecision(4)), h("td", {}, each.low === null || each.high === null ? "" : t("quality.to_3", { low: each.low.toPrecision(4), high: each.high.toPrecision(4) })), h("td", {}, String(each.n)), h("td", { class: "muted" }, definitions[each.name]));
  return h("details", { class: "definitions" }, h("summary", {}, t("quality.every_number_and_its_definition")), h("table", { class: "all" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, cell.numbers.map(line))));
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
  { keys: ["ArrowDown", "j"], says: t("quality.next_finding"), run: () => step(1) },
  { keys: ["ArrowUp", "k"], says: t("quality.finding_before"), run: () => step(-1) },
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
