// The triage policy as text: checked while it is typed, tried on stored studies, proposed for somebody else to approve, downloaded.
import { proposal, versionsOf } from "./admin_policy_versions.ts";
import { failed, field, table } from "./admin_parts.ts";
import type { Checked, DryRun, Policy, PolicyTried } from "./answers/administration.ts";
import { get, send } from "./api.ts";
import { counted, t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { visible, words } from "./format.ts";
import { may } from "./session.ts";

const CHECK_AFTER_MS = 600;
const MOST = 2000;

export async function rules(place: HTMLElement): Promise<void> {
  const answer = await get<Policy>("/api/policy");
  const { policy } = answer;
  const again = () => rules(place).catch(failed);
  const text = h("textarea", { class: "policy", spellcheck: "false", autocomplete: "off", wrap: "off" });
  text.value = policy;
  const hours = h("select", {}, ([["24", "admin.rules.day"], ["168", "admin.rules.week"], ["720", "admin.rules.month"]] as const).map(([value, key]) => h("option", { value }, t(key))));
  const [verdict, outcome] = [h("div", { role: "status" }), h("div", { class: "admin", role: "status" })];
  const download = h("button", { type: "button", onclick: () => save(text.value) }, t("admin.rules.download"));
  const propose = proposal(() => text.value, again);
  let waiting = 0;
  const tell = (checked: Checked) => (verdict.replaceChildren(...wordsOf(checked, text)), [download, propose].forEach((each) => each && (each.disabled = checked.version === null)));
  const check = async () => {
    const policy = text.value;
    const checked = await send<Checked>("POST", "/api/policy/check", { body: { policy } });
    if (policy === text.value) tell(checked); // else it is the verdict on words that are gone
  };
  const attempt = async (event: Event) => {
    event.preventDefault();
    outcome.textContent = t("admin.rules.trying");
    try {
      const tried = await send<PolicyTried>("POST", "/api/policy/try", { body: { policy: text.value, hours: Number(hours.value), most: MOST } });
      tell(tried);
      outcome.replaceChildren(...(tried.dry_run ? results(tried.dry_run) : []));
    } catch (thrown) {
      outcome.replaceChildren();
      failed(thrown);
    }
  };
  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(() => check().catch(failed), CHECK_AFTER_MS);
  });
  const reset = () => ((text.value = policy), check().catch(failed));
  place.replaceChildren(h("form", { class: "admin", onsubmit: attempt }, versionsOf(answer, again),
    h("div", { class: "two" }, field(t("admin.rules.text"), text), h("div", { class: "admin" }, verdict, h("div", { class: "bar" }, field(t("admin.rules.hours"), hours)), h("div", { class: "bar" }, h("button", { class: "primary" }, t("admin.rules.try")), propose, download, h("button", { type: "button", class: "quiet", onclick: reset }, t("admin.rules.reset"))), outcome))));
  await check();
}

function wordsOf(checked: Checked, text: HTMLTextAreaElement): HTMLElement[] {
  if (checked.version !== null) return [h("p", {}, h("span", { class: "chip good" }, "✓"), " ", t("admin.rules.right", { version: visible(checked.version), rules: checked.rules, critical: checked.critical_rules })), ...checked.advice.map((each) => h("p", { class: "muted" }, visible(each)))];
  const go = (line: number) => {
    const start = text.value.split("\n").slice(0, Math.max(0, line - 1)).join("\n").length + (line > 1 ? 1 : 0);
    text.focus();
    text.setSelectionRange(start, start);
  };
  return [h("p", { class: "alert" }, counted(checked.problems.length, "admin.rules.wrong.one", "admin.rules.wrong.many")), h("ul", {}, checked.problems.map((each) => h("li", {}, each.line > 0 && h("button", { type: "button", class: "quiet", onclick: () => go(each.line) }, t("admin.rules.line", { line: each.line })), ` ${visible(each.where)} ${visible(each.message)}`)))];
}

function results(run: DryRun): HTMLElement[] {
  if (!run.studies) return [h("p", { class: "alert" }, t("admin.rules.nothing"))];
  const heads = run.priorities.map((each) => each.toUpperCase());
  const cells = (row: number[], at: number) => h("tr", {}, h("th", { scope: "row" }, heads[at] ?? ""), row.map((count, column) => h("td", { class: `number ${count && column !== at ? "moved" : ""}` }, count)));
  const study = (key: string) => (may("read_study") ? h("a", { href: `/studies/${key}` }, key.slice(0, 8)) : key.slice(0, 8));
  const decided = (each: { priority: string; critical: boolean }) => `${each.priority}${each.critical ? ", critical" : ""}`;
  return [
    h("p", {}, h("strong", {}, t("admin.rules.moved", { moved: run.moved, studies: run.studies, before: run.critical_before, after: run.critical_after, becoming: run.becoming_critical, no_longer: run.no_longer_critical }))),
    h("h2", {}, t("admin.rules.table")), table(t("admin.rules.table"), [t("admin.rules.before"), ...heads], run.table.map(cells)),
    table(t("admin.rules.rule"), [t("admin.rules.rule"), t("admin.rules.before"), t("admin.rules.then")], run.rules.map((each) => h("tr", {}, h("td", {}, words(each.rule)), h("td", { class: "number" }, each.before), h("td", { class: "number" }, each.after)))),
    ...run.silent.map((each) => h("p", { class: "muted" }, `${visible(each)} ${t("admin.rules.silent")}`)),
    ...(run.changed.length ? [h("h2", {}, t("admin.rules.changed", { shown: run.changed.length, total: run.changed_total })), table(t("admin.rules.changed", { shown: run.changed.length, total: run.changed_total }), [t("admin.study"), t("admin.rules.before"), t("admin.rules.then"), t("admin.why")], run.changed.map((each) => h("tr", {}, h("td", { class: "mono" }, study(each.study_key)), h("td", {}, decided(each.before)), h("td", {}, decided(each.after)), h("td", {}, visible(each.after.reason)))))] : []),
  ];
}

function save(text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  h("a", { href: address, download: "triage-policy.yaml" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
