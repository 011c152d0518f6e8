// The film and its tools: which films are on the screen, and what a reader can do to them.
import type { Finding, HeatMaps, Instance } from "../answers/study.ts";
import { dialog, h } from "../dom.ts";
import type { Binding } from "../keys.ts";
import { interact } from "./interact.ts";
import { HINTS, type Kind, type Mark, sentence, TITLES } from "./measure.ts";
import { Pane } from "./pane.ts";

const NAME = "Chest radiograph. Wheel zooms, dragging pans, dragging with Shift windows.";
const TOOL_KEYS: Record<Kind, string> = { ruler: "d", angle: "g", ratio: "y", arrow: "l" };
const KINDS = Object.keys(TITLES) as Kind[];

export class FilmViewer {
  instances: Instance[] | null = null;
  insert: (text: string) => void = () => {};
  private readonly pane = new Pane(NAME);
  private instance: Instance | null = null;
  private readonly kept = new Map<string, Mark[]>();
  private readonly corner = h("div", { class: "corner cut", "aria-live": "polite" });
  private readonly views = h("div", { class: "views", role: "group", "aria-label": "Films of this study" });
  private readonly heatButton = this.button("Heat map", "h", () => this.toggleHeat(), true);
  private readonly invertButton = this.button("Invert", "i", () => this.invert(), true);
  private readonly looks: HTMLSelectElement = h("select", { class: "looks", "aria-label": "Window", onchange: () => this.preset(this.looks.selectedIndex + 1) }, ["as in the file", "lung", "bone, hard", "soft", "full range", "by hand"].map((name, at) => h("option", { disabled: at === 5 }, at < 5 ? `${at + 1} ${name}` : name)));
  private readonly tools = new Map(KINDS.map((kind) => [kind, this.button(kind === "ratio" ? "CTR" : TITLES[kind], TOOL_KEYS[kind], () => this.take(kind), true)]));

  constructor(
    root: HTMLElement,
    private readonly studyKey: string,
  ) {
    this.heatButton.disabled = true;
    root.append(h("div", { class: "panes" }, this.pane.viewport),
      h("div", { class: "tools" }, this.views, this.looks, this.invertButton, this.button("Fit", "f", () => this.fit()), this.button("1:1", "s", () => this.pane.actualSize()), ...this.tools.values(), this.button("Glass", "z", () => this.glass(), true), this.heatButton, this.button("Reset", "0", () => this.reset())),
      h("div", { class: "said" }, this.corner, this.pane.probe));
    this.pane.onChange = () => this.describe();
    interact(this.pane, { active: () => {}, placed: () => this.placed(), moved: () => this.describe(), linked: () => {} });
  }

  private button(label: string, key: string, run: () => unknown, holds = false): HTMLButtonElement {
    return h("button", { "aria-pressed": holds ? "false" : null, title: `${label} (${key})`, onclick: run }, label, " ", h("kbd", {}, key));
  }

  offer(instances: Instance[], chosen: string | undefined): void {
    const films = instances.filter((each) => each.has_pixel_data);
    this.instances = films;
    this.views.replaceChildren(...(films.length > 1 ? films.map((each, at) => h("button", { "aria-pressed": "false", onclick: () => this.use(each) }, each.view_position || `Film ${at + 1}`)) : []));
    const first = films.find((each) => each.instance_key === chosen) ?? films[0];
    if (first) this.use(first);
    else this.pane.say("This study holds no film that can be shown.");
  }

  focus(): void {
    this.pane.viewport.focus();
  }

  turn(by: number): void {
    const films = this.instances ?? [];
    const next = films[(films.findIndex((each) => each === this.instance) + by + films.length) % films.length];
    if (films.length > 1 && next) this.use(next);
  }

  private async use(instance: Instance): Promise<void> {
    if (this.instance) this.kept.set(this.instance.instance_key, [...this.pane.marks.all]);
    this.instance = instance;
    this.pane.marks.restore(this.kept.get(instance.instance_key) ?? []);
    [...this.views.children].forEach((button, at) => button.setAttribute("aria-pressed", String(this.instances?.[at] === instance)));
    await this.pane.show({ studyKey: this.studyKey, instanceKey: instance.instance_key, caption: "" });
    this.describe();
  }

  setHeat(maps: HeatMaps): void {
    this.pane.ai.setMaps(maps);
    this.heatButton.disabled = false;
  }

  toggleHeat(): void {
    if (!this.pane.ai.known) return;
    this.pane.ai.toggle();
    this.describe();
  }

  point(finding: Finding | null, instanceKey = ""): void {
    this.pane.ai.point(finding, instanceKey);
    this.describe();
  }

  fit(): void {
    this.pane.fit();
  }

  reset(): void {
    this.pane.reset();
  }

  invert(): void {
    this.pane.invert();
  }

  preset(number: number): void {
    this.pane.preset(number);
  }

  glass(): void {
    const { magnifier, size } = this.pane;
    if (!magnifier.on && !this.pane.viewport.matches(":hover")) magnifier.at = { x: size.width / 2, y: size.height / 2 };
    magnifier.toggle();
    this.pane.redraw(false);
  }

  // A tool in hand places points; the same again, or Escape, puts it down.
  take(kind: Kind): void {
    const { marks } = this.pane;
    marks.begin(marks.placing === kind ? null : kind);
    this.focus();
    this.pane.redraw(false);
  }

  private async placed(): Promise<void> {
    this.describe();
    if (this.pane.marks.current?.kind !== "arrow") return;
    const text = await askForWords();
    if (text) this.pane.marks.write(text);
    else this.pane.marks.remove();
    this.pane.redraw(false);
    this.focus();
  }

  private report(): void {
    const { marks, scale } = this.pane;
    const mark = marks.current ?? marks.all.at(-1);
    if (mark) this.insert(sentence(mark, scale));
  }

  private change(done: boolean): void {
    if (done) this.pane.redraw(false);
  }

  private describe(): void {
    const { pane } = this;
    this.invertButton.setAttribute("aria-pressed", String(pane.inverted));
    this.heatButton.setAttribute("aria-pressed", String(pane.ai.on));
    for (const [kind, button] of this.tools) button.setAttribute("aria-pressed", String(pane.marks.placing === kind));
    const names = [...this.looks.options].map((each) => each.text.slice(2));
    const own = pane.look && !names.includes(pane.look.name);
    this.looks.selectedIndex = pane.look?.name === "by hand" ? 5 : own ? 0 : Math.max(0, names.indexOf(pane.look?.name ?? ""));
    const ai = pane.ai.says;
    this.corner.replaceChildren(ai ? h("span", { class: "ai" }, ai) : this.facts());
    this.corner.title = this.corner.textContent ?? "";
  }

  private facts(): string {
    const { film, look, marks, scale, inverted } = this.pane;
    if (marks.placing) return `${TITLES[marks.placing]}: ${HINTS[marks.placing][marks.open?.points.length ?? 0] ?? ""}. Click, or arrow keys and Enter; Esc to stop.`;
    if (!film) return "";
    const { facts } = film;
    const window = look && !look.lut ? `W ${round(look.window.width)} C ${round(look.window.center)}` : "";
    const warnings = [facts.lossy && "lossy compression", facts.burned_in_annotation === "YES" && "text burned in", inverted && "inverted"];
    const measured = marks.all.length ? [`${scale.unit}: ${scale.basis}`, "marks are not stored"] : [];
    return [facts.view_position, `${facts.columns} × ${facts.rows}, ${facts.bits_stored} bit`, look?.name, window, ...warnings, ...measured].filter(Boolean).join(", ");
  }

  get bindings(): Binding[] {
    const { pane } = this;
    return [
      ...(["1", "2", "3", "4", "5"].map((key) => ({ keys: [key], says: key === "1" ? "1 to 5: window as in the file, lung, bone, soft, full range" : "", run: () => this.preset(Number(key)) }))),
      { keys: ["<", ">"], says: "narrower, wider window", run: (event) => pane.window(event.key === ">" ? 10 : -10, 0) },
      { keys: [",", "."], says: "darker, brighter", run: (event) => pane.window(0, event.key === "." ? 5 : -5) },
      { keys: ["i"], says: "invert", run: () => this.invert() },
      { keys: ["h"], says: "heat map of the finding in hand, on or off", run: () => this.toggleHeat() },
      { keys: ["f"], says: "fit the film", run: () => this.fit() },
      { keys: ["s"], says: "one film pixel per screen pixel", run: () => pane.actualSize() },
      { keys: ["+", "="], says: "zoom in", run: () => pane.zoom(1.25) },
      { keys: ["-"], says: "zoom out", run: () => pane.zoom(0.8) },
      { keys: ["r"], says: "turn by a quarter", run: () => pane.turn(1) },
      { keys: ["v"], says: "mirror", run: () => pane.mirror() },
      { keys: ["z"], says: "magnifying glass", run: () => this.glass() },
      { keys: ["0"], says: "reset the view", run: () => this.reset() },
      ...KINDS.map((kind) => ({ keys: [TOOL_KEYS[kind]], says: TITLES[kind].toLowerCase(), run: () => this.take(kind) })),
      { keys: ["m"], says: "write the chosen or last measurement into the report", run: () => this.report() },
      { keys: ["Delete", "Backspace"], says: "delete the chosen or last mark", run: () => this.change(pane.marks.remove()) },
      { keys: ["Ctrl+z"], says: "undo the last change of marks", run: () => this.change(pane.marks.undo()) },
      { keys: ["[", "]"], says: "previous, next film", run: (event) => this.turn(event.key === "]" ? 1 : -1) },
    ];
  }
}

const round = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(0));

function askForWords(): Promise<string | null> {
  return dialog<string>("Words beside the arrow", (close) => {
    const text = h("input", { id: "arrow-text", maxlength: 80, required: true, autofocus: true, autocomplete: "off" });
    const submit = (event: Event) => (event.preventDefault(), close(text.value.trim() || null));
    return h("form", { onsubmit: submit }, h("div", {}, h("label", { for: "arrow-text" }, "Text"), text), h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "No arrow"), h("button", { class: "primary" }, "Put it there")));
  });
}
