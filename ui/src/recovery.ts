// Words that could not be saved into the report are kept on the server for their author. Nothing is kept in the browser: a shared workstation would hold patients' reports.
import type { Recovery } from "./answers/reading.ts";
import type { ReportContent, SectionText } from "./answers/study.ts";
import { send } from "./api.ts";
import { h } from "./dom.ts";
import { clock, visible } from "./format.ts";
import { t } from "./catalogue.ts";

export const keepUnsaved = (address: string, version: number, content: ReportContent): Promise<unknown> => send("PUT", `${address}/recovery`, { body: { version, content }, background: true, renew: false });
export const dropUnsaved = (address: string): Promise<unknown> => send("DELETE", `${address}/recovery`);

type Choices = { onUse: (() => unknown) | null; onDrop: () => unknown };

export function recoveryNotice(recovery: Recovery, { onUse, onDrop }: Choices): HTMLElement {
  return h("details", { class: "recovery", open: true },
    h("summary", {}, t("recovery.text_of_yours_from_was", { saved_at: clock(recovery.saved_at) })),
    h("div", { class: "signed-text" }, asText(recovery.content.sections).map(([section, text]) => [h("h3", {}, section), h("p", {}, visible(text))])),
    h("div", { class: "actions" }, h("button", { class: "quiet", onclick: onDrop }, t("recovery.drop_it")), onUse && h("button", { onclick: onUse }, t("recovery.put_it_into_the_report"))));
}

export const asText = (sections: SectionText[]): [string, string][] => sections.filter((each) => each.text.trim()).map((each) => [each.section, each.text]);
