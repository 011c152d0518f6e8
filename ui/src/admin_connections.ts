// What wetread talks to, each with a test, and every setting it runs with. Nothing here can be changed.
import { field, table } from "./admin_parts.ts";
import type { Connection, Setting, SettingsAnswer, Step, Tried, TriedNow } from "./answers/administration.ts";
import { get, problemOf, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { clock, shortly, visible, words } from "./format.ts";

export async function connections(place: HTMLElement): Promise<void> {
  const answer = await get<SettingsAnswer>("/api/settings");
  const filter = h("input", { type: "search", autocomplete: "off" });
  const rows = answer.settings.map(setting);
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent?.toLowerCase().includes(wanted);
  });
  place.replaceChildren(h("div", { class: "admin" },
    table(t("admin.connections"), [t("admin.name"), t("admin.connections.kind"), t("admin.connections.where"), t("admin.connections.result"), ""], answer.connections.map(connection)),
    h("h2", {}, t("admin.connections.settings")), h("form", { class: "row", onsubmit: (event) => event.preventDefault() }, field(t("admin.connections.filter"), filter)),
    table(t("admin.connections.settings"), [t("admin.name"), t("admin.connections.value"), t("admin.connections.source"), t("admin.audit.detail")], rows)));
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
