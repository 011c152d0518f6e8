// The pictures of one cell, drawn from numbers: every one says its n, and nothing is drawn that was not said.
import { h, s } from "./dom.js";

const W = 320;
const H = 210;
const BOX = { left: 40, right: 310, top: 10, bottom: 178 };
const at = (value, [low, high], from, to) => from + ((Math.min(Math.max(value, low), high) - low) / (high - low || 1)) * (to - from);
const x = (value, range) => at(value, range, BOX.left, BOX.right);
const y = (value, range) => at(value, range, BOX.bottom, BOX.top);

export const fixed = (value, digits = 2) => (value === null || value === undefined ? "" : value.toFixed(digits));

function drawing(label, ...children) {
  return s("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label }, children);
}

function frame(xs, ys, xTitle, digits = 2) {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => ys[0] + share * (ys[1] - ys[0]));
  return [
    ...ticks.map((tick) => [s("line", { class: "grid", x1: BOX.left, x2: BOX.right, y1: y(tick, ys), y2: y(tick, ys) }), s("text", { x: BOX.left - 5, y: y(tick, ys) + 4, "text-anchor": "end" }, tick.toFixed(digits))]),
    s("rect", { class: "frame", x: BOX.left, y: BOX.top, width: BOX.right - BOX.left, height: BOX.bottom - BOX.top }),
    s("text", { x: (BOX.left + BOX.right) / 2, y: H - 4, "text-anchor": "middle" }, xTitle),
  ];
}

const interval = (px, low, high, ys) => s("line", { class: "interval", x1: px, x2: px, y1: y(low, ys), y2: y(high, ys) });
const picture = (title, note, content) => h("figure", { class: "picture" }, h("figcaption", {}, h("span", {}, title), h("span", { class: "muted" }, note)), content);
const nothing = (why) => h("p", { class: "muted" }, why);

export function reliability(cell) {
  const bins = cell.reliability;
  if (!bins.length) return picture("Reliability", `n ${cell.positive + cell.negative}`, nothing("Too few labelled studies for a bin of ten."));
  const unit = [0, 1];
  const says = bins.map((bin) => `stated ${fixed(bin.stated)}, seen ${fixed(bin.observed)} (${fixed(bin.low)} to ${fixed(bin.high)}), n ${bin.n}`).join("; ");
  const ticks = [0, 0.5, 1].map((tick) => s("text", { x: x(tick, unit), y: BOX.bottom + 14, "text-anchor": "middle" }, tick.toFixed(1)));
  return picture("Reliability", `n ${cell.positive + cell.negative}, ${bins.length} bins`, drawing(`Reliability: ${says}`, frame(unit, unit, "stated probability; height: share that signed reports state"), ticks,
    s("line", { class: "ideal", x1: x(0, unit), y1: y(0, unit), x2: x(1, unit), y2: y(1, unit) }),
    bins.map((bin) => [interval(x(bin.stated, unit), bin.low, bin.high, unit), s("circle", { class: "point", cx: x(bin.stated, unit), cy: y(bin.observed, unit), r: 3.5 })])));
}

export function trend(cell, name, choose) {
  const points = cell.trend.map((point, place) => ({ place, day: point.first_day, number: point.numbers.find((each) => each.name === name) })).filter(({ number }) => number);
  const said = points.filter(({ number }) => number.value !== null);
  if (!said.length) return picture("Trend by week", choose, nothing(`Too few cases in every week${points.length ? ` (most: n ${Math.max(...points.map(({ number }) => number.n))})` : ""}.`));
  const tops = said.map(({ number }) => number.high ?? number.value);
  const ys = name === "psi" ? [0, Math.max(0.2, ...tops)] : [0, 1];
  const xs = [0, Math.max(1, cell.trend.length - 1)];
  const says = said.map(({ day, number }) => `week of ${day}: ${fixed(number.value)}${number.low === null ? "" : ` (${fixed(number.low)} to ${fixed(number.high)})`}, n ${number.n}`).join("; ");
  const ns = said.map(({ number }) => number.n);
  const labels = [points[0], points.at(-1)].map(({ place, day }, end) => s("text", { x: x(place, xs), y: BOX.bottom + 14, "text-anchor": end ? "end" : "start" }, day.slice(5)));
  return picture("Trend by week", choose, drawing(`${name} by week: ${says}`, frame(xs, ys, `week from; n ${Math.min(...ns)} to ${Math.max(...ns)} each`), labels,
    s("polyline", { class: "path", points: said.map(({ place, number }) => `${x(place, xs)},${y(number.value, ys)}`).join(" ") }),
    said.map(({ place, number }) => [number.low === null ? null : interval(x(place, xs), number.low, number.high, ys), s("circle", { class: "point", cx: x(place, xs), cy: y(number.value, ys), r: 3 })])));
}

export function scores(cell, psi, critical) {
  if (!cell.psi_shares.length) return picture("Scores against the reference", `n ${psi.n}`, nothing(`No index: ${psi.refused}.`));
  const top = [0, Math.max(...cell.psi_shares.flat()) * 1.1];
  const width = (BOX.right - BOX.left) / cell.psi_shares.length;
  const bar = (share, place, kind, shift) => s("rect", { class: kind, x: BOX.left + place * width + width * shift, y: y(share, top), width: width * 0.38, height: BOX.bottom - y(share, top) });
  const says = cell.psi_shares.map(([then, now], place) => `bin ${place + 1}: ${fixed(then)} then, ${fixed(now)} now`).join("; ");
  const note = `PSI ${fixed(psi.value, 3)}, by chance below ${fixed(critical.value, 3)}, n ${psi.n}`;
  return picture("Scores against the reference", note, drawing(`${note}. ${says}`, frame([0, 1], top, "frozen bins of raw scores: grey then, violet now"), cell.psi_shares.map(([then, now], place) => [bar(then, place, "then", 0.1), bar(now, place, "now", 0.5)])));
}

export function turnaround(numbers) {
  const groups = [["called", numbers.turnaround_called_min], ["not called", numbers.turnaround_not_called_min], ["missed", numbers.turnaround_missed_min]];
  const said = groups.filter(([, number]) => number?.value != null);
  if (!said.length) return picture("Minutes to signature", "", nothing("Too few studies for an interval of the median (20 each)."));
  const range = [0, Math.max(...said.map(([, number]) => number.high)) * 1.05];
  const place = (value) => at(value, range, 90, BOX.right);
  const says = groups.map(([name, number]) => `${name}: ${number?.value == null ? `too few, n ${number?.n ?? 0}` : `${fixed(number.value, 0)} (${fixed(number.low, 0)} to ${fixed(number.high, 0)}), n ${number.n}`}`).join("; ");
  const lines = groups.map(([name, number], row) => {
    const middle = 30 + row * 46;
    const label = s("text", { x: 0, y: middle + 4 }, name);
    if (number?.value == null) return [label, s("text", { x: 90, y: middle + 4 }, `too few: n ${number?.n ?? 0}`)];
    return [label, s("line", { class: "interval", x1: place(number.low), x2: place(number.high), y1: middle, y2: middle }), s("circle", { class: "point", cx: place(number.value), cy: middle, r: 4 }),
      s("text", { x: 90, y: middle + 20 }, `${fixed(number.value, 0)} (${fixed(number.low, 0)} to ${fixed(number.high, 0)}) min, n ${number.n}`)];
  });
  return picture("Minutes to signature", "median, 95 % interval", drawing(`Median minutes from receipt to signature. ${says}`, lines));
}
