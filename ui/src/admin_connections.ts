// What wetread talks to, each with a test, and every setting it runs with. Nothing here can be changed.
import { field, table } from "./admin_parts.ts";
import type { Connection, Setting, SettingsAnswer, Tried } from "./answers/administration.ts";
import { get, problemOf, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { clock, visible } from "./format.ts";

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
  const result = h("td", { role: "status" });
  const test = async (button: HTMLButtonElement) => {
    button.disabled = true;
    result.textContent = t("admin.connections.testing");
    try {
      const tried = await send<Tried>("POST", `/api/connections/${each.name}/test`);
      result.replaceChildren(h("span", { class: `chip ${tried.answers ? "good" : "bad"}` }, tried.answers ? "✓" : "✗"), " ", t("admin.connections.took", { said: visible(tried.said), ms: tried.took_ms, when: clock(tried.tried_at) }));
    } catch (thrown) {
      result.textContent = problemOf(thrown).message;
    }
    button.disabled = false;
    button.focus();
  };
  return h("tr", {}, h("td", {}, h("strong", {}, visible(each.name))), h("td", {}, visible(each.kind)), h("td", { class: "mono long" }, visible(each.where)), result, h("td", { class: "acts" }, h("button", { "aria-label": t("admin.connections.test.of", { name: visible(each.name) }), onclick: (event) => test(event.currentTarget) }, t("admin.connections.test"))));
}

function setting(each: Setting): HTMLTableRowElement {
  return h("tr", {}, h("td", { class: "mono" }, each.name), h("td", { class: "mono long" }, each.value ? visible(each.value) : h("span", { class: "muted" }, t("admin.connections.empty"))), h("td", {}, visible(each.source)), h("td", { class: "muted" }, visible(each.description)));
}
