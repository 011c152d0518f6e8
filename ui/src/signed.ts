// A signed report as a document: its words, its signature, where it went.
import type { Addendum, Delivery, Report, Signature } from "./answers/study.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { moment, visible, words } from "./format.ts";

const DELIVERY: Record<string, [string, string]> = { pending: [t("signed.on_its_way"), "asap"], acknowledged: ["received", "good"], failed: ["failed", "bad"] };

export function document_(report: Report): HTMLElement {
  const sections = report.content.sections.filter((each) => each.text.trim());
  return h("div", { class: "signed-text" }, sections.map((each) => [h("h3", {}, each.section), h("p", {}, each.text)]), report.amendment_reason && [h("h3", {}, t("signed.reason_for_the_amendment")), h("p", {}, report.amendment_reason)]);
}

export function signatureBlock({ status, version }: Report, signature: Signature): HTMLElement {
  return h("div", { class: status === "preliminary" ? "signature preliminary" : "signature", "aria-label": t("signed.signature"), role: "group" },
    h("strong", {}, t("signed.signed_by", { signer_name: visible(signature.signer_name) })),
    h("span", {}, status === "appended" ? t("addendum.unchanged", { role: words(signature.role), version }) : t("signed.version", { role: words(signature.role), version, status })),
    h("span", {}, moment(signature.signed_at)),
    h("span", {}, `“${visible(signature.meaning)}”`),
    h("span", { class: "hash mono" }, `SHA-256 ${signature.content_sha256}`));
}

export const addendumTitle = ({ signature }: Addendum) => t("addendum.by", { name: visible(signature.signer_name), role: words(signature.role), when: moment(signature.signed_at) });

// Below the signature of the words: what was added later, each under its own.
export function addendumBlocks({ addenda }: Report): HTMLElement[] {
  return addenda.map((each, at) => h("div", { class: "signature addendum", role: "group", "aria-label": t("addendum.number", { number: at + 1 }) },
    h("strong", {}, t("addendum.number", { number: at + 1 })), h("p", { class: "added" }, visible(each.text)), h("span", {}, addendumTitle(each)), h("span", {}, `“${visible(each.signature.meaning)}”`), h("span", { class: "hash mono" }, `SHA-256 ${each.signature.content_sha256}`)));
}

export function deliveryList(deliveries: Delivery[], version: number): HTMLElement {
  const mine = deliveries.filter((each) => each.report_version === version);
  if (!mine.length) return h("p", { class: "quiet-line" }, t("signed.waiting_to_be_sent"));
  return h("ul", { class: "plain" }, mine.map((each) => {
    const [says, tone] = DELIVERY[each.state] ?? [each.state, ""];
    return h("li", {}, h("span", { class: `chip ${tone}` }, says), h("span", {}, words(each.sink)), h("span", { class: "muted grow" }, visible(each.receipt)), each.attempts > 1 && h("span", { class: "muted" }, t("signed.tries", { attempts: each.attempts })));
  }));
}

export function versionList(versions: Report[], current: number, onChoose: (version: number) => unknown): HTMLElement | null {
  if (versions.length < 2) return null;
  return h("div", { class: "versions" }, h("h3", { class: "muted" }, t("signed.versions")), h("ul", { class: "plain" }, versions.map((each) => h("li", {}, h("button", { "aria-pressed": String(each.version === current), onclick: () => onChoose(each.version) }, `${each.version}: ${each.status}`), h("span", { class: "muted" }, visible((each.addenda.at(-1)?.signature ?? each.signature)?.signer_name) || "open")))));
}
