// What wetread talks to, each with a test, and every setting it runs with. Nothing here can be changed.
import { owedReports } from "./admin_commitments.ts";
import { field, table } from "./admin_parts.ts";
import type { Archive, Connection, Setting, SettingsAnswer, Step, Tried, TriedNow } from "./answers/administration.ts";
import { get, problemOf, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { clock, shortly, visible, words } from "./format.ts";

export async function connections(place: HTMLElement): Promise<void> {
  const commitments = h("div", { tabindex: "-1" });
  const [answer, { archives }] = await Promise.all([get<SettingsAnswer>("/api/settings"), get<{ archives: Archive[] }>("/api/archives"), owedReports(commitments)]);
  const filter = h("input", { type: "search", autocomplete: "off" });
  const isDefault = (each: Setting) => Number(each.source === "default");
  const rows = [...answer.settings].sort((one, other) => isDefault(one) - isDefault(other)).map(setting); // what somebody set comes first
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent?.toLowerCase().includes(wanted);
  });
  place.replaceChildren(h("div", { class: "admin" },
    table(t("admin.connections"), [t("admin.name"), t("admin.connections.kind"), t("admin.connections.where"), t("admin.connections.result"), ""], answer.connections.map(connection)),
    ...(archives.length ? [h("h2", {}, t("admin.archives")), table(t("admin.archives"), [t("admin.name"), t("admin.archives.what"), t("admin.archives.cannot"), t("admin.archives.feed")], archives.map(archive))] : []),
    h("h2", {}, t("admin.commitments")), commitments,
    h("h2", {}, t("admin.connections.settings")), h("form", { class: "row", onsubmit: (event) => event.preventDefault() }, field(t("admin.connections.filter"), filter)),
    table(t("admin.connections.settings"), [t("admin.name"), t("admin.connections.value"), t("admin.connections.source"), t("admin.audit.detail")], rows)));
}

// What it is and cannot do, as it was found when it was asked last; how its feed goes.
function archive(each: Archive): HTMLTableRowElement {
  const cannot = each.capabilities.filter((able) => able.verdict === "no").map((able) => h("li", { title: visible(able.note) }, `${able.service}: ${able.name}`));
  const state = each.failing_since ? h("span", { class: "chip bad" }, t("admin.archives.failing", { since: shortly(each.failing_since), why: each.failure })) : each.answered_at ? h("span", { class: "chip good" }, t("admin.archives.answered", { when: shortly(each.answered_at) })) : h("span", { class: "chip" }, t("admin.archives.unasked"));
  const more = [each.swept_at && t("admin.archives.swept", { when: shortly(each.swept_at) }), each.missed && t("admin.archives.missed", { count: each.missed }), each.incomplete && t("admin.archives.incomplete", { count: each.incomplete }), each.put_aside && t("admin.archives.aside", { count: each.put_aside })].filter(Boolean);
  return h("tr", {}, h("td", {}, h("strong", {}, visible(each.name))), h("td", {}, visible(each.product) || h("span", { class: "muted" }, t("admin.archives.unasked")), each.probed_at && h("div", { class: "muted" }, t("admin.archives.probed", { when: shortly(each.probed_at) }))), h("td", {}, cannot.length ? h("ul", { class: "plain" }, cannot) : ""), h("td", {}, state, more.map((line) => h("div", { class: "muted" }, line))));
}

function connection(each: Connection): HTMLTableRowElement {
  const result = h("td", { role: "status" }, each.last ? outcome(each.last, shortly(each.last.tried_at)) : h("span", { class: "muted" }, t("admin.connections.never")));
  const test = async (button: HTMLButtonElement) => {
    button.disabled = true;
    result.textContent = t("admin.connections.testing");
    try {
      const tried = await send<TriedNow>("POST", `/api/connections/${each.name}/test`);
      result.replaceChildren(...outcome(tried, clock(tried.tried_at)), tried.steps.length ? h("ol", { class: "steps" }, tried.steps.map(step)) : "");
    } catch (thrown) {
      result.textContent = problemOf(thrown).message;
    }
    button.disabled = false;
    button.focus();
  };
  return h("tr", {}, h("td", {}, h("strong", {}, visible(each.name))), h("td", {}, visible(each.kind)), h("td", { class: "mono long" }, visible(each.where)), result, h("td", { class: "acts" }, h("button", { "aria-label": t("admin.connections.test.of", { name: visible(each.name) }), onclick: (event) => test(event.currentTarget) }, t("admin.connections.test"))));
}

function outcome(tried: Tried, when: string): (HTMLElement | string)[] {
  return [h("span", { class: `chip ${tried.answers ? "good" : "bad"}` }, t(tried.answers ? "admin.connections.good" : "admin.connections.bad")), " ", t("admin.connections.took", { said: visible(tried.said), ms: tried.took_ms, when })];
}

const TONES: Record<Step["verdict"], string> = { yes: "good", partly: "urgent", no: "bad", unknown: "" };

function step(each: Step): HTMLElement {
  return h("li", {}, h("span", { class: `chip ${TONES[each.verdict]}` }, t(`admin.connections.step.${each.verdict}`)), " ", h("span", { class: "muted" }, words(each.service)), " ", visible(each.name), each.verdict !== "no" && each.note ? h("span", { class: "muted" }, " ", visible(each.note)) : "");
}

function setting(each: Setting): HTMLTableRowElement {
  return h("tr", {}, h("td", { class: "mono" }, each.name), h("td", { class: "mono long" }, each.value ? visible(each.value) : h("span", { class: "muted" }, t("admin.connections.empty"))), h("td", {}, visible(each.source)), h("td", { class: "muted" }, visible(each.description)));
}
