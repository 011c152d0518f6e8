// Numbers, times and names as a person reads them.
import type { Finding } from "./answers/study.ts";
import { t } from "./catalogue.ts";

export function personName(text: string | undefined): string {
  return (text ?? "").split("=").map(nameInOneScript).filter(Boolean).join(" / ") || t("format.no_name");
}

// PS3.5 §6.2.1: family, given, middle within each of the alphabetic, ideographic and phonetic groups.
function nameInOneScript(group: string): string {
  const [family = "", given = "", middle = ""] = group.split("^");
  return visible([family, [given, middle].filter(Boolean).join(" ")].filter(Boolean).join(", "));
}

// Bidirectional controls, zero-width and tag characters can make one name look like another: they are shown, not obeyed.
export function visible(text: string | undefined): string {
  return (text ?? "").replace(/[\u0000-\u0009\u000b-\u001f\u007f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu, "\ufffd");
}

export const dated = (dicomDate: string | undefined): string => date(dicomDate) || t("format.undated");

export function date(dicomDate: string | undefined): string {
  return dicomDate && /^\d{8}$/.test(dicomDate) ? `${dicomDate.slice(0, 4)}-${dicomDate.slice(4, 6)}-${dicomDate.slice(6)}` : visible(dicomDate);
}

export function age(years: number | null): string {
  if (years === null) return "age ?";
  return years >= 90 ? "90+" : String(years);
}

export function waited(since: string, now: Date): string {
  const minutes = Math.max(0, Math.floor((Number(now) - Date.parse(since)) / 60000));
  if (minutes < 1) return "< 1 min";
  if (minutes < 60) return t("format.min", { minutes });
  if (minutes < 48 * 60) return t("format.h_min", { minutes: Math.floor(minutes / 60), minutes2: String(minutes % 60).padStart(2, "0") });
  return `${Math.floor(minutes / 1440)} d`;
}

export function span(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes % 60 ? t("format.min", { minutes }) : `${minutes / 60} h`;
}

export function clock(moment: string | Date): string {
  return new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

export function moment(iso: string | Date): string {
  const at = new Date(iso);
  const local = at.toLocaleString([], { dateStyle: "medium", timeStyle: "medium", hour12: false });
  return `${local} (${at.toISOString().replace(/\.\d+Z$/, "Z")})`;
}

// On the screen: the time, with the day where it is not today. Paper needs `moment`.
export function shortly(iso: string | Date): string {
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  return `${today ? "" : `${at.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" })} `}${clock(at)}`;
}

export const words = (code: string | undefined): string => (code ?? "").replaceAll("_", " ");

export function probability(finding: Finding): { value: string; rest: string } {
  const point = finding.operating_point.threshold.toFixed(2);
  if (finding.probability === null) return { value: t("format.raw_score", { raw_score: finding.raw_score.toFixed(2) }), rest: t("format.not_calibrated") };
  return { value: finding.probability.toFixed(2), rest: t("format.operating_point", { point }) };
}
