// What became of films with a score like this one, beside the score; and, once for all of them, what was counted.
import type { Reliability, ScoreShare } from "./answers/study.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";

const percent = (share: number) => Math.round(100 * share);

export function shareText(share: ScoreShare): string {
  if (share.scope === "few") return t("reliability.few", { n: share.n.toLocaleString("en") });
  const slots = { had: percent(share.had / share.n), low: percent(share.low), high: percent(share.high), n: share.n.toLocaleString("en") };
  return t(share.scope === "site" ? "reliability.site" : "reliability.all", slots);
}

function basisText(share: ScoreShare, fewest: number): string {
  if (share.scope === "few") return t("reliability.few.more", { fewest });
  const range = t("reliability.range", { from: share.from, to: share.to });
  return `${range} ${t(share.basis === "blind" ? "reliability.blind" : "reliability.naive")}`;
}

// In a new house, or after a new version: said once, not beside each finding.
function fewOfAll(known: Reliability): boolean {
  const shares = Object.values(known.findings);
  return shares.length > 0 && shares.every((each) => each.scope === "few");
}

export function reliabilityHint(known: Reliability | null, name: string): HTMLElement | null {
  const share = known?.findings[name];
  return share && known && !fewOfAll(known) ? h("span", { class: "hint", title: basisText(share, known.fewest) }, shareText(share), share.scope !== "few" && share.basis === "naive" && h("span", { class: "basis" }, ` ${t("reliability.biased")}`)) : null;
}

export function reliabilityNote(known: Reliability | null): HTMLElement | null {
  if (!known) return null;
  if (!known.since) return h("p", { class: "hint" }, t("reliability.never"));
  if (fewOfAll(known)) return h("p", { class: "hint" }, t("reliability.few.all", { fewest: known.fewest }));
  const shares = Object.values(known.findings).filter((each) => each.scope !== "few");
  if (!shares.length) return null;
  return h("p", { class: "hint" }, t("reliability.note", { since: known.since }), " ", shares.some((each) => each.basis === "naive") && t("reliability.naive"));
}
