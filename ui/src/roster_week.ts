// A week of a site as a picture: one row per duty, one column per day, each day drawn to scale and told in words. A gap is hatched, named and framed.
import type { Person, Site } from "./answers/roster.ts";
import { h, s } from "./dom.ts";
import { visible, words } from "./format.ts";
import { type Day, daysFrom, timeLabel } from "./zones.ts";
import { t } from "./catalogue.ts";

type Span = { starts: number; ends: number; gap: boolean; people: Person[]; source: string };

export function weekTable(site: Site, now: Date): HTMLElement {
  const days = daysFrom(now, 7, site.time_zone);
  const duties = [...new Set([...site.on_call, ...site.shifts, ...site.gaps].map((each) => each.duty))];
  const first = h("th", { scope: "col" }, t("week.duty"));
  const head = days.map((day, at) => h("th", { scope: "col" }, at ? day.label : `Today, ${day.label}`));
  return h("div", { class: "week" }, h("table", {}, h("caption", { class: "visually-hidden" }, t("week.the_next_seven_days", { site: visible(site.site), time_zone: site.time_zone })), h("thead", {}, h("tr", {}, first, head)), h("tbody", {}, duties.map((duty) => row(site, duty, days, now)))));
}

function row(site: Site, duty: string, days: Day[], now: Date): HTMLElement {
  const spans: Span[] = [
    ...site.shifts.filter((each) => each.duty === duty).map((each) => ({ ...each, gap: false })),
    ...site.gaps.filter((each) => each.duty === duty).map((each) => ({ ...each, people: [], source: "", gap: true })),
  ].map((each) => ({ ...each, starts: Date.parse(each.starts_at), ends: Date.parse(each.ends_at) })).sort((one, other) => one.starts - other.starts);
  return h("tr", {}, h("th", { scope: "row" }, words(visible(duty))), days.map((day) => cell(spans, day, site.time_zone, now)));
}

function cell(spans: Span[], day: Day, zone: string, now: Date): HTMLElement {
  const within = spans.filter((each) => each.starts < day.ends && each.ends > day.starts).map((each) => ({ ...each, starts: Math.max(each.starts, day.starts), ends: Math.min(each.ends, day.ends) }));
  return h("td", {}, bar(within, day), h("ul", {}, within.map((each) => entry(each, day, zone, now))), within.length ? null : h("span", { class: "muted" }, t("week.not_planned")));
}

function entry(each: Span, day: Day, zone: string, now: Date): HTMLElement {
  const begun = each.starts <= Number(now) && day.starts < Number(now);
  const whole = each.starts === day.starts && each.ends === day.ends;
  const until = each.ends === day.ends ? "24:00" : timeLabel(each.ends, zone);
  const hours = whole ? t("week.all_day") : t("week.to", { starts: begun ? "now" : timeLabel(each.starts, zone), until });
  if (each.gap) return h("li", { class: "gap" }, h("strong", {}, "NOBODY "), h("span", {}, hours));
  return h("li", { title: visible(each.source) }, h("span", {}, each.people.map((person) => visible(person.name)).join(", ")), " ", h("span", { class: "muted" }, hours));
}

function bar(spans: Span[], day: Day): SVGElement {
  const at = (instant: number) => (100 * (instant - day.starts)) / (day.ends - day.starts);
  const piece = (each: Span, number: number) => s("rect", { class: each.gap ? "hole" : `held tone-${number % 2}`, x: at(each.starts), width: Math.max(0.6, at(each.ends) - at(each.starts) - 0.6), y: 0, height: 8, fill: each.gap ? "url(#hatch)" : null });
  const hatch = s("defs", {}, s("pattern", { id: "hatch", width: 3, height: 3, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("rect", { width: 3, height: 3, class: "hatch-ground" }), s("rect", { width: 1.2, height: 3, class: "hatch-line" })));
  return s("svg", { class: "day", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, spans.some((each) => each.gap) ? hatch : null, s("rect", { class: "track", width: 100, height: 8 }), spans.map(piece));
}
