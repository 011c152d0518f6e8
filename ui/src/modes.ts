// The mode that a person reads in: what it is for this study, and another for the next ones.
import type { HowRead, Mode, Reader } from "./answers/reading.ts";
import { get, problemOf, send } from "./api.ts";
import { dialog, h } from "./dom.ts";
import { t } from "./catalogue.ts";

export const MODES: Record<Mode, [string, string]> = {
  concurrent: [t("mode.with_ai"), t("mode.ai_findings_and_draft_beside")],
  second_reader: [t("mode.second_reader"), t("mode.the_ai_is_shown_after")],
  ai_off: [t("mode.ai_off"), t("mode.no_ai_at_all_the")],
};

export const modeButton = (how: HowRead): HTMLElement => h("button", { class: "quiet mode", onclick: askForMode, "aria-label": t("mode.reading_mode_choose_for_the", { mode: MODES[how.mode][0] }) }, MODES[how.mode][0]);

export async function askForMode(): Promise<Reader | null> {
  const reader = await get<Reader>("/api/reader");
  return dialog<Reader>(t("mode.how_you_read"), (close) => {
    const error = h("p", { class: "error", role: "alert" });
    const option = (mode: Mode) => h("label", { class: "choice" }, h("input", { type: "radio", name: "mode", value: mode, checked: mode === reader.mode, autofocus: mode === reader.mode, disabled: !reader.allowed.includes(mode) }), h("span", {}, h("strong", {}, MODES[mode][0]), `: ${MODES[mode][1]}`, mode === reader.site_mode && h("span", { class: "muted" }, t("mode.this_sites")), !reader.allowed.includes(mode) && h("span", { class: "muted" }, t("mode.not_allowed_here"))));
    const submit = async (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
      event.preventDefault();
      const mode = new FormData(event.currentTarget).get("mode");
      try {
        close(await send<Reader>("PUT", "/api/reader/mode", { body: { mode } }));
      } catch (thrown) {
        error.textContent = problemOf(thrown).message;
      }
    };
    return h("form", { onsubmit: submit }, h("fieldset", {}, h("legend", { class: "muted" }, t("mode.from_the_next_study_on")), (Object.keys(MODES) as Mode[]).map(option)), error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("mode.leave_it")), h("button", { class: "primary" }, t("mode.read_so"))));
  });
}
