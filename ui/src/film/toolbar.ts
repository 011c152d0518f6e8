// The buttons below the film, and what is said there; what they do is the viewer's.
import { h } from "../dom.ts";
import { HINTS, type Kind, TITLES } from "./measure.ts";
import type { Pane } from "./pane.ts";
import { t } from "../catalogue.ts";

export const TOOL_KEYS: Record<Kind, string> = { ruler: "d", angle: "g", ratio: "y", arrow: "l" };
export const KINDS = Object.keys(TITLES) as Kind[];
const LOOKS = [t("tools.as_in_the_file"), "lung", t("tools.bone_hard"), "soft", t("tools.full_range")];
const BY_HAND = LOOKS.length;

export type Acts = { preset: (number: number) => void; invert: () => void; fit: () => void; actualSize: () => void; take: (kind: Kind) => void; glass: () => void; toggleHeat: () => void; reset: () => void };

export function button(label: string, key: string, run: () => unknown, holds = false): HTMLButtonElement {
  return h("button", { "aria-pressed": holds ? "false" : null, title: `${label} (${key})`, onclick: run }, label, " ", h("kbd", {}, key));
}

export class Toolbar {
  readonly views = h("div", { class: "views", role: "group", "aria-label": t("tools.films_of_this_study") });
  readonly heat: HTMLButtonElement;
  readonly element: HTMLElement;
  readonly corner = h("div", { class: "corner cut", "aria-live": "polite" });
  private readonly invert: HTMLButtonElement;
  private readonly glass: HTMLButtonElement;
  private readonly looks: HTMLSelectElement;
  private readonly tools: Map<Kind, HTMLButtonElement>;

  constructor(acts: Acts, ...more: HTMLElement[]) {
    this.heat = button(t("tools.heat_map"), "h", acts.toggleHeat, true);
    this.heat.disabled = true;
    this.invert = button(t("tools.invert"), "i", acts.invert, true);
    this.glass = button(t("tools.glass"), "z", acts.glass, true);
    this.looks = h("select", { class: "looks", "aria-label": t("tools.window") }, [...LOOKS, t("tools.by_hand")].map((name, at) => h("option", { disabled: at === BY_HAND }, at < BY_HAND ? `${at + 1} ${name}` : name)));
    this.looks.addEventListener("change", () => acts.preset(this.looks.selectedIndex + 1));
    this.tools = new Map(KINDS.map((kind) => [kind, button(kind === "ratio" ? "CTR" : TITLES[kind], TOOL_KEYS[kind], () => acts.take(kind), true)]));
    this.element = h("div", { class: "tools" }, this.views, this.looks, this.invert, button(t("tools.fit"), "f", acts.fit), button("1:1", "s", acts.actualSize), ...this.tools.values(), this.glass, this.heat, button(t("tools.reset"), "0", acts.reset), ...more);
  }

  tell(pane: Pane): void {
    const pressed = (each: HTMLButtonElement, on: boolean) => each.setAttribute("aria-pressed", String(on));
    pressed(this.invert, pane.inverted);
    pressed(this.heat, pane.ai.on);
    pressed(this.glass, pane.magnifier.on);
    for (const [kind, each] of this.tools) pressed(each, pane.marks.placing === kind);
    const at = LOOKS.indexOf(pane.look?.name ?? "");
    this.looks.selectedIndex = pane.look?.name === "by hand" ? BY_HAND : Math.max(0, at);
    const [ai, text] = [pane.ai.says, pane.ai.says || said(pane)];
    if (this.corner.textContent === text) return;
    this.corner.replaceChildren(ai ? h("span", { class: "ai" }, ai) : text);
    this.corner.title = text;
  }
}

function said({ film, look, marks, scale, inverted }: Pane): string {
  if (marks.placing) return t("tools.click_or_arrow_keys_and", { placing: TITLES[marks.placing], points: HINTS[marks.placing][marks.open?.points.length ?? 0] ?? "" });
  if (!film) return "";
  const { facts } = film;
  const window = look && !look.lut ? `W ${round(look.window.width)} C ${round(look.window.center)}` : "";
  const warnings = [facts.lossy && t("tools.lossy_compression"), facts.burned_in_annotation === "YES" && t("tools.text_burned_in"), inverted && "inverted"];
  const measured = marks.all.length ? [`${scale.unit}: ${scale.basis}`] : [];
  return [...measured, facts.view_position, `${facts.columns} × ${facts.rows}, ${facts.bits_stored} bit`, look?.name, window, ...warnings].filter(Boolean).join(", ");
}

const round = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(0));
