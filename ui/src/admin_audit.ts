// The audit log: searched, paged, exported; whether the chain holds is said first.
import { empty, field, table } from "./admin_parts.ts";
import type { AuditPage, AuditRecord } from "./answers/administration.ts";
import { get, problemOf } from "./api.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { shortly, visible } from "./format.ts";
import { may, me } from "./session.ts";

export async function audit(place: HTMLElement): Promise<void> {
  const all = may("read_audit");
  const actor = h("input", { maxlength: 64, autocomplete: "off", value: all ? "" : me().actor_id, disabled: !all });
  const action = h("input", { maxlength: 60, autocomplete: "off", placeholder: "report. login study." });
  const study = h("input", { maxlength: 64, autocomplete: "off" });
  const whence = h("input", { maxlength: 45, autocomplete: "off", placeholder: "10.0.0.7" });
  const since = h("input", { type: "datetime-local" });
  const until = h("input", { type: "datetime-local" });
  const results = h("div", { class: "admin" });
  const query = () => {
    const instant = (input: HTMLInputElement) => (input.value ? new Date(input.value).toISOString() : "");
    const asked = { actor: all ? actor.value.trim() : "", action: action.value.trim(), study: study.value.trim(), address: whence.value.trim(), since: instant(since), until: instant(until) };
    return new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
  };
  const search = async (before = "") => {
    try {
      const page = await get<AuditPage>(`/api/audit/search?${query()}${before && `&before=${before}`}`);
      draw(results, page, Boolean(before), search);
    } catch (thrown) {
      results.replaceChildren(h("p", { class: "alert", role: "alert" }, problemOf(thrown).message));
    }
  };
  place.replaceChildren(h("div", { class: "admin" }, !all && h("p", { class: "muted" }, t("admin.audit.own")),
    h("form", { class: "row", onsubmit: (event) => (event.preventDefault(), search()) }, field(t("admin.audit.actor"), actor), field(t("admin.audit.action"), action), field(t("admin.audit.study"), study), field(t("account.address"), whence), field(t("admin.audit.since"), since), field(t("admin.audit.until"), until),
      h("button", { class: "primary" }, t("admin.audit.search")), h("button", { type: "button", onclick: () => location.assign(`/api/audit.csv?${query()}`) }, t("admin.audit.export"))),
    results));
  await search();
}

function draw(results: HTMLElement, page: AuditPage, appended: boolean, search: (before: string) => unknown): void {
  const more = page.next_before ? h("button", { onclick: () => search(String(page.next_before)) }, t("admin.audit.more")) : "";
  const rows = appended && results.querySelector("tbody");
  if (rows) {
    rows.append(...page.records.map(row));
    return results.querySelector(".more-records")?.replaceChildren(more);
  }
  const { verified_through: verified, newest } = page.chain;
  const holds = () => t(verified < newest ? "admin.audit.holds.part" : "admin.audit.holds", { count: verified.toLocaleString("en"), all: newest.toLocaleString("en") });
  const chain = page.chain.holds ? h("p", { class: "muted" }, holds()) : h("p", { class: "alert", role: "alert" }, t("admin.audit.broken", { problem: page.chain.problem }));
  const found = page.records.length ? table(t("admin.audit"), ["#", t("admin.audit.when"), t("admin.audit.actor"), t("admin.audit.act"), t("admin.audit.outcome"), t("admin.study"), t("admin.audit.detail")], page.records.map(row)) : page.next_before ? empty(t("admin.audit.none.part", { count: page.next_before.toLocaleString("en") }), t("admin.audit.none.earlier")) : empty(t("admin.audit.none"), t("admin.audit.none.more"));
  results.replaceChildren(chain, found, h("div", { class: "more-records" }, more));
}

function row(record: AuditRecord): HTMLTableRowElement {
  const detail = Object.entries(record.detail).map(([name, value]) => `${name} ${value}`).join("; ");
  const study = record.study_key && (may("read_study") ? h("a", { href: `/studies/${record.study_key}` }, record.study_key.slice(0, 8)) : record.study_key.slice(0, 8));
  return h("tr", { title: record.hash }, h("td", { class: "mono" }, record.sequence), h("td", { title: record.recorded_at }, shortly(record.recorded_at)), h("td", {}, visible(record.actor_id)), h("td", {}, visible(record.action)),
    h("td", {}, record.outcome === "success" ? record.outcome : h("span", { class: "chip asap" }, visible(record.outcome))), h("td", { class: "mono", title: record.study_key ?? "" }, study), h("td", { class: "long" }, visible(detail)));
}
