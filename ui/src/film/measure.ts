// What can be laid on a film, in its own coordinates, and what it says in numbers and words. Pure.
import type { Scale } from "./scale.ts";
import type { Point } from "./view.ts";
import { t } from "../catalogue.ts";

export type Kind = "ruler" | "angle" | "ratio" | "arrow";
export type Mark = { kind: Kind; points: Point[]; text: string };

// Points that complete a mark. A ratio is two widths: heart first, then the chest.
export const POINTS: Record<Kind, number> = { ruler: 2, angle: 3, ratio: 4, arrow: 2 };
export const TITLES: Record<Kind, string> = { ruler: t("measure.ruler"), angle: t("measure.angle"), ratio: t("measure.cardiothoracic_ratio"), arrow: t("measure.arrow") };
export const HINTS: Record<Kind, string[]> = {
  ruler: [t("measure.from_where"), t("measure.to_where")],
  angle: [t("measure.a_point_on_the_first"), t("measure.the_corner"), t("measure.a_point_on_the_second")],
  ratio: [t("measure.the_hearts_right_edge"), t("measure.the_hearts_left_edge"), t("measure.the_inner_chest_wall_on"), t("measure.the_inner_chest_wall_on_2")],
  arrow: [t("measure.the_tip"), t("measure.the_tail")],
};

export const isWhole = ({ kind, points }: Mark): boolean => points.length === POINTS[kind];

const between = (one: Point, other: Point, { row, column }: Scale): Point => ({ x: (other.x - one.x) * column, y: (other.y - one.y) * row });

export function length(one: Point, other: Point, scale: Scale): number {
  const { x, y } = between(one, other, scale);
  return Math.hypot(x, y);
}

// Degrees, 0 to 180, between the arms at the middle point.
export function angle([one, corner, other]: Point[], scale: Scale): number {
  if (!one || !corner || !other) return Number.NaN;
  const [first, second] = [between(corner, one, scale), between(corner, other, scale)];
  return (Math.abs(Math.atan2(first.x * second.y - first.y * second.x, first.x * second.x + first.y * second.y)) * 180) / Math.PI;
}

// The heart's greatest horizontal width by the chest's, both across the patient whatever the slope of the drawn line.
export function ratio([heartRight, heartLeft, chestRight, chestLeft]: Point[]): number {
  if (!heartRight || !heartLeft || !chestRight || !chestLeft) return Number.NaN;
  return Math.abs(heartLeft.x - heartRight.x) / Math.abs(chestLeft.x - chestRight.x);
}

export const lengthText = (value: number, { unit }: Scale): string => (unit === "mm" ? t("measure.mm", { value: value.toFixed(1) }) : t("measure.px", { value: value.toFixed(0) }));

// What stands beside the mark on the film.
export function label(mark: Mark, scale: Scale): string {
  const [one, other] = mark.points;
  if (mark.kind === "arrow") return mark.text;
  if (!isWhole(mark) || !one || !other) return mark.kind === "ratio" && other && one ? t("measure.heart", { scale: widthText(one, other, scale) }) : "";
  if (mark.kind === "ruler") return lengthText(length(one, other, scale), scale);
  if (mark.kind === "angle") return `${angle(mark.points, scale).toFixed(1)}°`;
  const value = ratio(mark.points);
  return Number.isFinite(value) ? `CTR ${value.toFixed(2)}` : t("measure.ctr_no_chest_width");
}

const widthText = (one: Point, other: Point, scale: Scale) => lengthText(Math.abs(other.x - one.x) * scale.column, scale);

// What the report gets: a sentence with its basis, for the reader to complete.
export function sentence(mark: Mark, scale: Scale): string {
  const [one, other, third, fourth] = mark.points;
  if (!isWhole(mark) || !one || !other) return "";
  if (mark.kind === "arrow") return mark.text;
  if (mark.kind === "ruler") return t("measure.measured", { scale: lengthText(length(one, other, scale), scale), basis: scale.basis });
  if (mark.kind === "angle") return t("measure.measured_angle_degrees", { scale: angle(mark.points, scale).toFixed(1) });
  return third && fourth ? t("measure.cardiothoracic_ratio_heart_chest", { points: ratio(mark.points).toFixed(2), scale: widthText(one, other, scale), scale2: widthText(third, fourth, scale) }) : "";
}
