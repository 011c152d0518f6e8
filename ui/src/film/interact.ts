// What hand and keyboard do to one pane. Left drag pans, right or Shift drag windows, the wheel zooms; with a tool in hand, clicks place points, and the arrow keys move a cross that Enter places.
import type { Point } from "./view.ts";
import type { Pane } from "./pane.ts";
import { t } from "../catalogue.ts";

export type Told = { active: (pane: Pane) => void; placed: (pane: Pane) => void; moved: (pane: Pane) => void; linked: (pane: Pane, alone: boolean) => void };

const CLICK_PX = 4;
const STEPS: Record<string, Point> = { ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: -1 }, ArrowDown: { x: 0, y: 1 } };

export function interact(pane: Pane, told: Told): void {
  const { viewport, marks } = pane;
  const where = (event: MouseEvent): Point => {
    const box = viewport.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  viewport.addEventListener("wheel", (event) => {
    event.preventDefault();
    pane.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), where(event));
    told.linked(pane, event.altKey);
  }, { passive: false });
  viewport.addEventListener("contextmenu", (event) => event.preventDefault());
  viewport.addEventListener("dblclick", () => marks.placing || (pane.fit(), told.linked(pane, false)));
  viewport.addEventListener("focus", () => told.active(pane));
  viewport.addEventListener("pointermove", (event) => {
    const at = where(event);
    pane.magnifier.at = at;
    if (marks.open) marks.point(pane.toFilm(at));
    if (marks.open || pane.magnifier.on) pane.redraw(false);
    sayValue(pane, pane.toFilm(at));
  });
  viewport.addEventListener("pointerleave", () => (pane.probe.textContent = ""));
  viewport.addEventListener("pointerdown", (event) => press(pane, event, where, told));
  viewport.addEventListener("keydown", (event) => {
    if (marks.placing && place(pane, event, told)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
}

function press(pane: Pane, event: PointerEvent, where: (event: MouseEvent) => Point, told: Told): void {
  const { viewport, marks } = pane;
  told.active(pane);
  const from = where(event);
  const windowing = event.shiftKey || event.button === 2;
  const handle = !windowing && !marks.placing ? marks.near(from, pane.matrix) : null;
  if (handle) {
    marks.chosen = handle.mark;
    marks.remember();
    pane.redraw(false);
  }
  let travelled = 0;
  viewport.setPointerCapture(event.pointerId);
  pane.inHand = true;
  viewport.classList.add(windowing ? "windowing" : "moving");
  const move = (now: PointerEvent) => {
    travelled += Math.abs(now.movementX) + Math.abs(now.movementY);
    if (windowing) pane.window(now.movementX * 0.4, -now.movementY * 0.3);
    else if (handle) {
      marks.move(handle.handle, pane.toFilm(where(now)));
      pane.redraw(false);
    } else if (travelled > CLICK_PX || !marks.placing) {
      pane.pan({ x: now.movementX, y: now.movementY });
      told.linked(pane, now.altKey);
    }
  };
  const stop = (now: PointerEvent) => {
    viewport.removeEventListener("pointermove", move);
    viewport.classList.remove("windowing", "moving");
    pane.inHand = false;
    pane.rest();
    if (now.type === "pointerup" && marks.placing && !windowing && travelled <= CLICK_PX) put(pane, pane.toFilm(where(now)), told);
    if (handle) told.moved(pane);
  };
  viewport.addEventListener("pointermove", move);
  viewport.addEventListener("pointerup", stop, { once: true });
  viewport.addEventListener("pointercancel", stop, { once: true });
}

function put(pane: Pane, at: Point, told: Told): void {
  const whole = pane.marks.add(at);
  pane.redraw(false);
  if (whole) told.placed(pane);
  else told.moved(pane);
}

// The cross begins in the middle of what is seen; Shift makes its steps ten times as large.
function place(pane: Pane, event: KeyboardEvent, told: Told): boolean {
  const { marks } = pane;
  const step = STEPS[event.key];
  const middle = () => pane.toFilm({ x: pane.size.width / 2, y: pane.size.height / 2 });
  if (step) {
    const by = event.shiftKey ? 10 : 1;
    const [from, m] = [marks.cursor ?? middle(), pane.matrix];
    const on = { x: m.a * from.x + m.c * from.y + m.e + step.x * by, y: m.b * from.x + m.d * from.y + m.f + step.y * by };
    marks.cursor = pane.toFilm(on);
    marks.point(marks.cursor);
    sayValue(pane, marks.cursor);
  } else if (event.key === "Enter" || event.key === " ") put(pane, marks.cursor ?? middle(), told);
  else if (event.key === "Escape") {
    marks.begin(null);
    told.moved(pane);
  } else return false;
  pane.redraw(false);
  return true;
}

function sayValue({ film, probe }: Pane, at: Point): void {
  if (!film) return;
  const [column, row] = [Math.floor(at.x), Math.floor(at.y)];
  const inside = column >= 0 && row >= 0 && column < film.facts.columns && row < film.facts.rows;
  const value = inside ? film.modality[film.stored[row * film.facts.columns + column] ?? 0] : undefined;
  probe.textContent = value === undefined ? "" : t("probe.column_row", { column, row, value: Number.isInteger(value) ? value : value.toFixed(1) });
}
