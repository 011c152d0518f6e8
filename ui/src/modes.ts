// The mode that a person reads in: what it is for this study, and another for the next ones.
import type { HowRead, Mode, Reader } from "./answers/reading.ts";
import { get, problemOf, send } from "./api.ts";
import { dialog, h } from "./dom.ts";

export const MODES: Record<Mode, [string, string]> = {
  concurrent: ["with AI", "AI findings and draft beside the film from the start"],
  second_reader: ["second reader", "the AI is shown after you committed what you see"],
  ai_off: ["AI off", "no AI at all; the report starts empty"],
};

export const modeButton = (how: HowRead): HTMLElement => h("button", { class: "quiet mode", onclick: askForMode, "aria-label": `Reading mode: ${MODES[how.mode][0]}. Choose for the next studies` }, MODES[how.mode][0]);

export async function askForMode(): Promise<Reader | null> {
  const reader = await get<Reader>("/api/reader");
  return dialog<Reader>("How you read", (close) => {
    const error = h("p", { class: "error", role: "alert" });
    const option = (mode: Mode) => h("label", { class: "choice" }, h("input", { type: "radio", name: "mode", value: mode, checked: mode === reader.mode, autofocus: mode === reader.mode, disabled: !reader.allowed.includes(mode) }), h("span", {}, h("strong", {}, MODES[mode][0]), `: ${MODES[mode][1]}`, mode === reader.site_mode && h("span", { class: "muted" }, " (this site's)"), !reader.allowed.includes(mode) && h("span", { class: "muted" }, " (not allowed here)")));
    const submit = async (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
      event.preventDefault();
      const mode = new FormData(event.currentTarget).get("mode");
      try {
        close(await send<Reader>("PUT", "/api/reader/mode", { body: { mode } }));
      } catch (thrown) {
        error.textContent = problemOf(thrown).message;
      }
    };
    return h("form", { onsubmit: submit }, h("fieldset", {}, h("legend", { class: "muted" }, "From the next study on. This one stays as it began. It is logged."), (Object.keys(MODES) as Mode[]).map(option)), error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "Leave it"), h("button", { class: "primary" }, "Read so")));
  });
}
