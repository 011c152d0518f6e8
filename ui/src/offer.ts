// The prose follows a verdict only when it is told to: the sentence is offered.
import type { Sentence } from "./answers/study.ts";
import { h } from "./dom.ts";
import type { Editor } from "./editor.ts";
import type { Said } from "./findings.ts";
import { offerFor } from "./sentences.ts";
import { t } from "./catalogue.ts";

export function showOffer(place: HTMLElement, editor: Editor, sentences: Sentence[], finding: { name: string; display: string; laterality: string }, verdict: Said): void {
  const found = verdict ? offerFor(finding, verdict === "present", editor.text("findings"), sentences) : null;
  if (!found) return place.replaceChildren();
  const take = () => {
    if (found.act === "add") editor.insert(found.sentence);
    else editor.remove(found.sentence);
    place.replaceChildren();
  };
  place.replaceChildren(h("button", { class: "quiet", onclick: take }, found.act === "add" ? t("offer.write") : t("offer.take_out"), h("q", {}, found.sentence), " ", h("kbd", {}, "T")));
}
