// What can be laid on a film, in its own coordinates, and what it says in numbers and words. Pure.
import type { Scale } from "./scale.ts";
import type { Point } from "./view.ts";

export type Kind = "ruler" | "angle" | "ratio" | "arrow";
export type Mark = { kind: Kind; points: Point[]; text: string };

// Points that complete a mark. A ratio is two widths: heart first, then the chest.
export const POINTS: Record<Kind, number> = { ruler: 2, angle: 3, ratio: 4, arrow: 2 };
export const TITLES: Record<Kind, string> = { ruler: "Ruler", angle: "Angle", ratio: "Cardiothoracic ratio", arrow: "Arrow" };
export const HINTS: Record<Kind, string[]> = {
  ruler: ["from where", "to where"],
  angle: ["a point on the first arm", "the corner", "a point on the second arm"],
  ratio: ["the heart's right edge", "the heart's left edge", "the inner chest wall on one side", "the inner chest wall on the other side"],
  arrow: ["the tip", "the tail"],
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

export const lengthText = (value: number, { unit }: Scale): string => (unit === "mm" ? `${value.toFixed(1)} mm` : `${value.toFixed(0)} px`);

// What stands beside the mark on the film.
export function label(mark: Mark, scale: Scale): string {
  const [one, other] = mark.points;
  if (mark.kind === "arrow") return mark.text;
  if (!isWhole(mark) || !one || !other) return mark.kind === "ratio" && other && one ? `heart ${widthText(one, other, scale)}` : "";
  if (mark.kind === "ruler") return lengthText(length(one, other, scale), scale);
  if (mark.kind === "angle") return `${angle(mark.points, scale).toFixed(1)}°`;
  const value = ratio(mark.points);
  return Number.isFinite(value) ? `CTR ${value.toFixed(2)}` : "CTR: no chest width";
}

const widthText = (one: Point, other: Point, scale: Scale) => lengthText(Math.abs(other.x - one.x) * scale.column, scale);

// What the report gets: a sentence with its basis, for the reader to complete.
export function sentence(mark: Mark, scale: Scale): string {
  const [one, other, third, fourth] = mark.points;
  if (!isWhole(mark) || !one || !other) return "";
  if (mark.kind === "arrow") return mark.text;
  if (mark.kind === "ruler") return `Measured ${lengthText(length(one, other, scale), scale)} (${scale.basis}).`;
  if (mark.kind === "angle") return `Measured angle ${angle(mark.points, scale).toFixed(1)} degrees.`;
  return third && fourth ? `Cardiothoracic ratio ${ratio(mark.points).toFixed(2)} (heart ${widthText(one, other, scale)}, chest ${widthText(third, fourth, scale)}).` : "";
}
