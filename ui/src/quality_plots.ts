// The pictures of one cell, drawn from numbers: every one says its n, and nothing is drawn that was not said.
import type { Cell, Measure } from "./answers/quality.ts";
import { type Child, h, s } from "./dom.ts";
import { t } from "./catalogue.ts";

const W = 320;
const H = 210;
type Range = readonly [number, number];
const BOX = { left: 40, right: 310, top: 10, bottom: 178 };
const at = (value: number, [low, high]: Range, from: number, to: number) => from + ((Math.min(Math.max(value, low), high) - low) / (high - low || 1)) * (to - from);
const x = (value: number, range: Range) => at(value, range, BOX.left, BOX.right);
const y = (value: number, range: Range) => at(value, range, BOX.bottom, BOX.top);

export const fixed = (value: number | null | undefined, digits = 2): string => (value === null || value === undefined ? "" : value.toFixed(digits));

function drawing(label: string, ...children: Child[]): SVGElement {
  return s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label }, children);
}

function frame(ys: Range, xTitle: string, digits = 2): Child[] {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => ys[0] + share * (ys[1] - ys[0]));
  return [
    ...ticks.map((tick) => [s("line", { class: "grid", x1: BOX.left, x2: BOX.right, y1: y(tick, ys), y2: y(tick, ys) }), s("text", { x: BOX.left - 5, y: y(tick, ys) + 4, "text-anchor": "end" }, tick.toFixed(digits))]),
    s("rect", { class: "frame", x: BOX.left, y: BOX.top, width: BOX.right - BOX.left, height: BOX.bottom - BOX.top }),
    s("text", { x: (BOX.left + BOX.right) / 2, y: H - 4, "text-anchor": "middle" }, xTitle),
  ];
}

const interval = (px: number, low: number, high: number, ys: Range) => s("line", { class: "interval", x1: px, x2: px, y1: y(low, ys), y2: y(high, ys) });
const picture = (title: string, note: Child, content: Child): HTMLElement => h("figure", { class: "picture" }, h("figcaption", {}, h("span", {}, title), h("span", { class: "muted" }, note)), content);
const nothing = (why: string) => h("p", { class: "muted" }, why);

export function reliability(cell: Cell): HTMLElement {
  const bins = cell.reliability;
  if (!bins.length) return picture(t("plot.reliability"), `n ${cell.positive + cell.negative}`, nothing(t("plot.too_few_labelled_studies_for")));
  const unit: Range = [0, 1];
  const says = bins.map((bin) => t("plot.stated_seen_to_n", { stated: fixed(bin.stated), observed: fixed(bin.observed), low: fixed(bin.low), high: fixed(bin.high), n: bin.n })).join("; ");
  const ticks = [0, 0.5, 1].map((tick) => s("text", { x: x(tick, unit), y: BOX.bottom + 14, "text-anchor": "middle" }, tick.toFixed(1)));
  return picture(t("plot.reliability"), t("plot.n_bins", { negative: cell.positive + cell.negative, bins: bins.length }), drawing(t("plot.reliability_2", { says }), frame(unit, t("plot.stated_probability_height_share_that")), ticks,
    s("line", { class: "ideal", x1: x(0, unit), y1: y(0, unit), x2: x(1, unit), y2: y(1, unit) }),
    bins.map((bin) => [interval(x(bin.stated, unit), bin.low, bin.high, unit), s("circle", { class: "point", cx: x(bin.stated, unit), cy: y(bin.observed, unit), r: 3.5 })])));
}

export function trend(cell: Cell, name: string, choose: HTMLElement): HTMLElement {
  const points = cell.trend.map((point, place) => ({ place, day: point.first_day, number: point.numbers.find((each) => each.name === name) })).flatMap(({ number, ...where }) => (number ? [{ ...where, number }] : []));
  const said = points.flatMap(({ number, ...where }) => (number.value === null ? [] : [{ ...where, number, value: number.value }]));
  if (!said.length) return picture(t("plot.trend_by_week"), choose, nothing(points.length ? t("plot.few_weeks_most", { most: Math.max(...points.map(({ number }) => number.n)) }) : t("plot.few_weeks")));
  const tops = said.map(({ number, value }) => number.high ?? value);
  const ys: Range = name === "psi" ? [0, Math.max(0.2, ...tops)] : [0, 1];
  const xs: Range = [0, Math.max(1, cell.trend.length - 1)];
  const says = said.map(({ day, number }) => number.low === null ? t("plot.week", { day, value: fixed(number.value), n: number.n }) : t("plot.week_interval", { day, value: fixed(number.value), low: fixed(number.low), high: fixed(number.high), n: number.n })).join("; ");
  const ns = said.map(({ number }) => number.n);
  const limits = cell.trend.flatMap((point, place) => point.numbers.filter((each) => each.name === `${name}_limits`).map((number) => ({ place, number })));
  const bound = (side: "low" | "value" | "high") => s("polyline", { class: side === "value" ? "ideal centre" : "ideal", points: limits.map(({ place, number }) => `${x(place, xs)},${y(number[side] ?? 0, ys)}`).join(" ") });
  const beyond = said.flatMap(({ place, day, value }) => limits.filter((each) => each.place === place && each.number.low !== null && each.number.high !== null && (value < each.number.low || value > each.number.high)).map(() => day));
  const control = limits.length > 0 && h("p", { class: "muted" }, t("plot.control", { centre: fixed(limits[0]?.number.value), beyond: beyond.join(", ") || t("plot.none") }));
  const labels = [...points.slice(0, 1), ...points.slice(-1)].map(({ place, day }, end) => s("text", { x: x(place, xs), y: BOX.bottom + 14, "text-anchor": end ? "end" : "start" }, day.slice(5)));
  return picture(t("plot.trend_by_week"), choose, [drawing(t("plot.by_week", { name, says }), frame(ys, t("plot.week_from_n_to_each", { ns: Math.min(...ns), ns2: Math.max(...ns) })), labels, limits.length > 1 && (["low", "value", "high"] as const).map(bound),
    s("polyline", { class: "path", points: said.map(({ place, value }) => `${x(place, xs)},${y(value, ys)}`).join(" ") }),
    said.map(({ place, number, value }) => [number.low === null || number.high === null ? null : interval(x(place, xs), number.low, number.high, ys), s("circle", { class: "point", cx: x(place, xs), cy: y(value, ys), r: 3 })])), control]);
}

export function scores(cell: Cell, psi: Measure | undefined, critical: Measure | undefined): HTMLElement {
  if (!cell.psi_shares.length) return picture(t("plot.scores_against_the_reference"), `n ${psi?.n ?? 0}`, nothing(t("plot.no_index", { refused: psi?.refused ?? "" })));
  const top: Range = [0, Math.max(...cell.psi_shares.flat()) * 1.1];
  const width = (BOX.right - BOX.left) / cell.psi_shares.length;
  const bar = (share: number, place: number, kind: string, shift: number) => s("rect", { class: kind, x: BOX.left + place * width + width * shift, y: y(share, top), width: width * 0.38, height: BOX.bottom - y(share, top) });
  const says = cell.psi_shares.map(([then, now], place) => t("plot.bin_then_now", { place: place + 1, then: fixed(then), now: fixed(now) })).join("; ");
  const note = t("plot.psi_by_chance_below_n", { value: fixed(psi?.value, 3), value2: fixed(critical?.value, 3), n: psi?.n ?? 0 });
  return picture(t("plot.scores_against_the_reference"), note, drawing(`${note}. ${says}`, frame(top, t("plot.frozen_bins_of_raw_scores")), cell.psi_shares.map(([then, now], place) => [bar(then, place, "then", 0.1), bar(now, place, "now", 0.5)])));
}

export function turnaround(numbers: Record<string, Measure>): HTMLElement {
  const groups: [string, Measure | undefined][] = [["called", numbers.turnaround_called_min], [t("plot.not_called"), numbers.turnaround_not_called_min], ["missed", numbers.turnaround_missed_min]];
  const said = groups.flatMap(([, number]) => (number?.value == null ? [] : [number.high ?? number.value]));
  if (!said.length) return picture(t("plot.minutes_to_signature"), "", nothing(t("plot.too_few_studies_for_an")));
  const range: Range = [0, Math.max(...said) * 1.05];
  const place = (value: number) => at(value, range, 90, BOX.right);
  const says = groups.map(([name, number]) => number?.value == null ? t("plot.named_few", { name, n: number?.n ?? 0 }) : t("plot.named", { name, value: fixed(number.value, 0), low: fixed(number.low, 0), high: fixed(number.high, 0), n: number.n })).join("; ");
  const lines = groups.map(([name, number], row) => {
    const middle = 30 + row * 46;
    const label = s("text", { x: 0, y: middle + 4 }, name);
    if (number?.value == null || number.low === null || number.high === null) return [label, s("text", { x: 90, y: middle + 4 }, t("plot.too_few_n", { n: number?.n ?? 0 }))];
    return [label, s("line", { class: "interval", x1: place(number.low), x2: place(number.high), y1: middle, y2: middle }), s("circle", { class: "point", cx: place(number.value), cy: middle, r: 4 }),
      s("text", { x: 90, y: middle + 20 }, t("plot.to_min_n", { value: fixed(number.value, 0), low: fixed(number.low, 0), high: fixed(number.high, 0), n: number.n }))];
  });
  return picture(t("plot.minutes_to_signature"), t("plot.median_95_interval"), drawing(t("plot.median_minutes_from_receipt_to", { says }), lines));
}
