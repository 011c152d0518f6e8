// A person's own macros, kept on the server; the site's stand beside them.
import type { Reader } from "./answers/reading.ts";
import { get, problemOf, send } from "./api.ts";
import { macrosFrom } from "./completion.ts";
import { dialog, h } from "./dom.ts";
import { t } from "./catalogue.ts";

export async function editMacros(): Promise<Reader | null> {
  const reader = await get<Reader>("/api/reader");
  return dialog<Reader>(t("macros.macros"), (close) => {
    const area = h("textarea", { id: "own-macros", rows: 8, autofocus: true, spellcheck: "true" }, reader.macros.map((each) => `${each.name} = ${each.text}`).join("\n"));
    const error = h("p", { class: "error", role: "alert" });
    const submit = async (event: Event) => {
      event.preventDefault();
      const macros = macrosFrom(area.value);
      const lines = area.value.split("\n").filter((line) => line.trim()).length;
      if (macros.length !== lines) return void (error.textContent = t("macros.one_macro_a_line_nl"));
      try {
        close(await send<Reader>("PUT", "/api/reader/macros", { body: { macros } }));
      } catch (thrown) {
        error.textContent = problemOf(thrown).message;
      }
    };
    return h("form", { onsubmit: submit }, h("p", { class: "muted" }, t("macros.write_the_name_in_the")),
      h("div", {}, h("label", { for: "own-macros" }, t("macros.yours_one_a_line_name")), area), error,
      reader.site_macros.length > 0 && h("details", {}, h("summary", {}, t("macros.of_this_site", { site_macros: reader.site_macros.length })), h("dl", { class: "keys" }, reader.site_macros.map((each) => [h("dt", {}, h("kbd", {}, each.name)), h("dd", {}, each.text)]))),
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("macros.leave_them")), h("button", { class: "primary" }, t("macros.keep"))));
  });
}
