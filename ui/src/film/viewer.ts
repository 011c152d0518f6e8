// The film and its tools: which films hang on the screen, and what a reader can do to them.
import type { HangingProtocols, Protocol } from "../answers/hanging.ts";
import type { Finding, HeatMaps, Instance, Prior } from "../answers/study.ts";
import { t } from "../catalogue.ts";
import { dialog, h, show } from "../dom.ts";
import { dated, visible } from "../format.ts";
import type { Binding } from "../keys.ts";
import { Comparison, SAYS } from "./compare.ts";
import { choose, filmFor, type Known, possible } from "./hanging.ts";
import { interact } from "./interact.ts";
import { KeptMarks } from "./kept_marks.ts";
import { type Kind, sentence, TITLES } from "./measure.ts";
import { Pane, type Source } from "./pane.ts";
import type { Sent } from "./pixels.ts";
import { InStep, type Shown } from "./step.ts";
import { button, KINDS, Toolbar, TOOL_KEYS } from "./toolbar.ts";

const NAME = t("film.chest_radiograph_wheel_zooms_dragging");
const BESIDE = t("film.second_film_a_prior_or");

export class FilmViewer {
  instances: Instance[] | null = null;
  insert: (text: string) => void = () => {};
  strongest: () => void = () => {}; // points at what the model is surest of
  private readonly first = new Pane(NAME);
  private readonly second = new Pane(BESIDE);
  private active = this.first;
  private readonly compare = new Comparison(this.first, this.second);
  private instance: Instance | null = null;
  private priors: Prior[] = [];
  private hanging: HangingProtocols | null = null;
  private protocol: Protocol | null = null;
  private findings: string[] = [];
  private inUse = false; // somebody has chosen something: what hangs is theirs
  readonly kept = new KeptMarks(() => this.describe());
  private readonly pick: HTMLSelectElement = h("select", { class: "looks", "aria-label": t("film.prior_film"), hidden: true, onchange: () => this.showPrior(this.pick.selectedIndex) });
  private readonly mode = button(t("film.side_by_side"), "w", () => this.cycle());
  private readonly hung = h("span", { class: "muted cut", "aria-live": "polite" });
  private readonly bar: Toolbar;
  private readonly early: Promise<boolean>;
  private step: InStep | null = null;
  private readonly panes = h("div", { class: "panes" }, this.first.element);

  constructor(
    root: HTMLElement,
    private readonly studyKey: string,
    sent: Promise<Sent> | null = null,
  ) {
    show(this.mode, false);
    this.bar = new Toolbar({ preset: (number) => this.preset(number), invert: () => this.invert(), fit: () => this.fit(), actualSize: () => this.both((each) => each.actualSize()), take: (kind) => this.take(kind), glass: () => this.glass(), toggleHeat: () => this.toggleHeat(), reset: () => this.reset() }, this.pick, this.mode, this.compare.slider);
    root.append(this.panes, this.bar.element, h("div", { class: "said" }, this.bar.corner, this.hung, this.first.probe, this.second.probe));
    for (const kind of ["pointerdown", "change"]) root.addEventListener(kind, () => (this.inUse = true), { capture: true });
    for (const pane of [this.first, this.second]) {
      pane.onChange = () => this.changed();
      interact(pane, { active: (each) => this.activate(each), placed: () => this.placed(), moved: () => this.describe(), linked: (each, alone) => (alone && each === this.second ? this.compare.drifted() : this.compare.follow(each)) });
    }
    this.early = this.first.show({ studyKey, instanceKey: "", caption: "" }, sent); // the film takes longest: it is under way while the page finds out what it is of
  }

  // The reading page: other windows of this browser follow its film.
  lead(patient: () => string): void {
    this.step = new InStep(this.first, patient, true);
    this.step.say();
  }

  // A window with the film alone. It is told whose film comes before the film does; null: the one it showed is no longer read.
  follow(onTaken: (shown: Shown | null) => void): void {
    let patient = "";
    this.step = new InStep(this.first, () => patient, false, (shown) => {
      patient = shown?.patient ?? "";
      if (!shown) this.first.put();
      onTaken(shown);
    });
  }

  // Another study takes its place: nothing of this one is drawn any more, here or in a window that followed.
  close(): void {
    this.kept.close();
    this.first.close();
    this.second.close();
    this.step?.close();
  }

  popOut(): void {
    const { width, height } = screen;
    window.open(`/film/${this.studyKey}`, "wetread-film", `popup,width=${width},height=${height}`);
  }

  // Marks as they are kept: one's own to work on, those of others to look at.
  layMarks(): void {
    if (!this.instance) return;
    const { instance_key: key } = this.instance;
    this.kept.keep(key, this.first.marks.all);
    if (this.kept.of(key) !== this.first.marks.all) this.first.marks.restore(this.kept.of(key));
    this.first.marks.others = this.kept.othersOf(key);
    this.first.redraw(false);
  }

  // Resolves once what was drawn is stored, or could not be.
  async flushMarks(): Promise<void> {
    if (this.instance) this.kept.keep(this.instance.instance_key, this.first.marks.all);
    await this.kept.flush();
  }

  private toggleOthers(): void {
    this.first.marks.showsOthers = !this.first.marks.showsOthers;
    this.first.redraw(false);
  }

  private changed(): void {
    if (this.instance) this.kept.keep(this.instance.instance_key, this.first.marks.all);
    this.describe();
    this.step?.say();
  }

  // Films, priors, protocols and findings of the study; called again when some arrived meanwhile.
  offer(instances: Instance[], chosen: string | undefined, priors: Prior[] = [], findings: string[] = []): void {
    const films = instances.filter((each) => each.has_pixel_data);
    [this.instances, this.priors, this.findings] = [films, priors, findings];
    this.bar.views.replaceChildren(...(films.length > 1 ? films.map((each, at) => h("button", { "aria-pressed": "false", onclick: () => this.use(each) }, visible(each.view_position) || t("film.film", { at: at + 1 }))) : []));
    this.pick.replaceChildren(h("option", {}, t("film.no_prior")), ...priors.map((each) => h("option", {}, [dated(each.study_date), visible(each.study_description)].filter(Boolean).join(", "))));
    show(this.pick, priors.length > 0);
    const first = films.find((each) => each.instance_key === chosen) ?? films[0];
    if (!first) return this.first.say(t("film.this_study_holds_no_film"));
    this.use(first);
    if (this.hanging) this.hang(choose(this.hanging.protocols, this.known));
  }

  setHanging(hanging: HangingProtocols): void {
    this.hanging = hanging;
    if (!this.instances) return;
    if (this.inUse) this.describe();
    else this.hang(choose(hanging.protocols, this.known));
  }

  private get known(): Known {
    const { panes } = this;
    // The width is asked for only where a protocol depends on it: the browser lays the page out to know it.
    return { views: (this.instances ?? []).map((each) => each.view_position), priors: this.priors.length, findings: this.findings, get width_px() { return panes.clientWidth; } };
  }

  private hang(protocol: Protocol | undefined): void {
    const films = this.instances ?? [];
    const [first, second] = protocol?.panes ?? [];
    if (!protocol || !first || !films.length) return;
    this.protocol = protocol;
    const film = filmFor(first, films, this.instance ?? films[0]);
    if (film && film !== this.instance) this.use(film);
    if (first.preset) this.first.startWith(first.preset);
    this.compare.mode = protocol.compare ?? "side";
    if (second?.show === "prior") this.showPrior(Math.min(second.prior ?? 1, this.priors.length));
    else if (second) this.showOther(filmFor(second, films, films.find((each) => each !== film)));
    else this.showPrior(0);
    if (second?.preset) this.second.startWith(second.preset);
    this.describe();
  }

  private nextProtocol(): void {
    const all = possible(this.hanging?.protocols ?? [], this.known);
    this.hang(all[(all.findIndex((each) => each === this.protocol) + 1) % all.length]);
  }

  focus(): void {
    this.active.viewport.focus();
  }

  turn(by: number): void {
    const films = this.instances ?? [];
    const next = films[(films.findIndex((each) => each === this.instance) + by + films.length) % films.length];
    if (films.length > 1 && next) this.use(next);
  }

  private async use(instance: Instance): Promise<void> {
    if (this.instance) this.kept.keep(this.instance.instance_key, this.first.marks.all);
    this.instance = null; // what is drawn on goes with its film
    this.first.marks.restore(this.kept.of(instance.instance_key));
    this.instance = instance;
    this.layMarks();
    [...this.bar.views.children].forEach((each, at) => each.setAttribute("aria-pressed", String(this.instances?.[at] === instance)));
    await this.early;
    if (this.instance !== instance) return;
    const there = this.first.film && this.first.source?.instanceKey === instance.instance_key;
    if (!there) await this.first.show({ studyKey: this.studyKey, instanceKey: instance.instance_key, caption: "" });
    this.compare.follow(this.first);
    this.describe();
  }

  // 0: none; else the prior of that number, newest first, as the study lists them.
  private showPrior(number: number): void {
    const prior = this.priors[number - 1];
    this.pick.selectedIndex = prior ? number : 0;
    this.beside(prior ? { studyKey: prior.study_key, instanceKey: "", caption: t("film.prior_of", { date: dated(prior.study_date) }) } : null);
  }

  private showOther(instance: Instance | undefined): void {
    this.pick.selectedIndex = 0;
    this.beside(instance ? { studyKey: this.studyKey, instanceKey: instance.instance_key, caption: visible(instance.view_position) } : null);
  }

  private async beside(source: Source | null): Promise<void> {
    show(this.mode, source !== null);
    if (source) this.panes.append(this.second.element);
    else this.second.element.remove();
    if (!source) this.activate(this.first);
    this.compare.settle();
    this.second.marks.restore([]);
    if (source && (await this.second.show(source)) && this.first.film) this.first.fit();
    this.compare.lay();
    this.describe();
  }

  private activate(pane: Pane): void {
    this.active = pane;
    this.describe();
  }

  private both(act: (pane: Pane) => void): void {
    act(this.first);
    if (this.second.element.isConnected && this.second.film) act(this.second);
  }

  cycle(): void {
    this.compare.cycle();
    this.describe();
  }

  setHeat(maps: HeatMaps): void {
    this.first.ai.setMaps(maps);
    this.bar.heat.disabled = false;
  }

  toggleHeat(): void {
    if (!this.first.ai.known) return;
    this.first.ai.toggle();
    if (this.first.ai.lacksFinding) this.strongest();
    this.describe();
  }

  point(finding: Finding | null, instanceKey = ""): void {
    this.first.ai.point(finding, instanceKey);
    this.describe();
  }

  fit(): void {
    this.first.fit();
    this.compare.settle();
    this.compare.follow(this.first);
  }

  reset(): void {
    this.both((each) => each.reset());
    this.fit();
  }

  invert(): void {
    this.both((each) => each.invert());
  }

  preset(number: number): void {
    this.both((each) => each.preset(number));
  }

  private moveView(act: (pane: Pane) => void): void {
    act(this.active);
    this.compare.follow(this.active);
  }

  glass(): void {
    const { magnifier, size, viewport } = this.active;
    if (!magnifier.on && !viewport.matches(":hover")) magnifier.at = { x: size.width / 2, y: size.height / 2 };
    magnifier.toggle();
    this.active.redraw(false);
  }

  // A tool in hand places points; the same again, or Escape, puts it down.
  take(kind: Kind): void {
    const { marks } = this.active;
    marks.begin(marks.placing === kind ? null : kind);
    this.focus();
    this.active.redraw(false);
  }

  private async placed(): Promise<void> {
    const pane = this.active;
    this.describe();
    if (pane.marks.current?.kind !== "arrow") return;
    const text = await askForWords();
    if (text) pane.marks.write(text);
    else pane.marks.remove();
    pane.redraw(false);
    this.focus();
  }

  private report(): void {
    const { marks, scale, source } = this.active;
    const mark = marks.current ?? marks.all.at(-1);
    const where = this.active === this.second && source?.studyKey !== this.studyKey ? t("film.on_the", { toLowerCase: source?.caption.toLowerCase() ?? "prior" }) : "";
    const text = mark ? sentence(mark, scale) : "";
    if (text) this.insert(`${where}${text}`);
  }

  private change(done: boolean): void {
    if (done) this.active.redraw(false);
  }

  private describe(): void {
    this.bar.tell(this.active);
    this.mode.replaceChildren(SAYS[this.compare.mode], " ", h("kbd", {}, "w"));
    const many = possible(this.hanging?.protocols ?? [], this.known).length > 1;
    this.hung.textContent = this.protocol && many ? `${this.protocol.name} (q)` : "";
    this.hung.title = this.hanging?.problem ?? "";
    if (this.hanging?.problem) this.hung.textContent = this.hanging.problem;
    if (this.kept.problem) this.hung.textContent = t("marks.unsaved");
  }

  get bindings(): Binding[] {
    const active = (act: (pane: Pane) => void) => () => act(this.active);
    const bindings: Binding[] = [
      ...["1", "2", "3", "4", "5"].map((key) => ({ keys: [key], says: key === "1" ? t("film.1_to_5_window_as") : "", run: () => this.preset(Number(key)) })),
      { keys: ["<", ">"], says: t("film.narrower_wider_window"), run: (event) => this.active.window(event.key === ">" ? 10 : -10, 0) },
      { keys: [",", "."], says: t("film.darker_brighter"), run: (event) => this.active.window(0, event.key === "." ? 5 : -5) },
      { keys: ["i"], says: "invert", run: () => this.invert() },
      { keys: ["h"], says: t("film.heat_map_of_the_finding"), run: () => this.toggleHeat() },
      { keys: ["f"], says: t("film.fit_the_film"), run: () => this.fit() },
      { keys: ["s"], says: t("film.one_film_pixel_per_screen"), run: () => this.moveView((each) => each.actualSize()) },
      { keys: ["+", "="], says: t("film.zoom_in"), run: () => this.moveView((each) => each.zoom(1.25)) },
      { keys: ["-"], says: t("film.zoom_out"), run: () => this.moveView((each) => each.zoom(0.8)) },
      { keys: ["r"], says: t("film.turn_by_a_quarter"), run: () => this.moveView((each) => each.turn(1)) },
      { keys: ["v"], says: "mirror", run: () => this.moveView((each) => each.mirror()) },
      { keys: ["z"], says: t("film.magnifying_glass"), run: () => this.glass() },
      { keys: ["0"], says: t("film.reset_the_view"), run: () => this.reset() },
      ...KINDS.map((kind) => ({ keys: [TOOL_KEYS[kind]], says: TITLES[kind].toLowerCase(), run: () => this.take(kind) })),
      { keys: ["m"], says: t("film.write_the_chosen_or_last"), run: () => this.report() },
      { keys: ["Delete", "Backspace"], says: t("film.delete_the_chosen_or_last"), run: active((each) => this.change(each.marks.remove())) },
      { keys: ["Ctrl+z"], says: t("film.undo_the_last_change_of"), run: active((each) => this.change(each.marks.undo())) },
      { keys: ["X"], says: t("marks.others"), run: () => this.toggleOthers() },
      { keys: ["[", "]"], says: t("film.previous_next_film"), run: (event) => this.turn(event.key === "]" ? 1 : -1) },
      { keys: ["o"], says: t("film.next_prior_beside_the_film"), run: () => this.showPrior((this.pick.selectedIndex + 1) % (this.priors.length + 1)) },
      { keys: ["w"], says: t("film.compare_side_by_side_swipe"), run: () => this.cycle() },
      { keys: ["{", "}"], says: t("film.less_more_of_the_second"), run: (event) => this.compare.slide(event.key === "}" ? 10 : -10) },
      { keys: ["F"], says: t("film.the_film_in_a_window"), run: () => this.popOut() },
      { keys: ["q"], says: t("film.next_hanging_protocol"), run: () => this.nextProtocol() },
    ];
    return bindings.map((each) => ({ ...each, run: (event) => ((this.inUse = true), each.run(event)) }));
  }
}

function askForWords(): Promise<string | null> {
  return dialog<string>(t("film.words_beside_the_arrow"), (close) => {
    const text = h("input", { id: "arrow-text", maxlength: 80, required: true, autofocus: true, autocomplete: "off" });
    const submit = (event: Event) => (event.preventDefault(), close(text.value.trim() || null));
    return h("form", { onsubmit: submit }, h("div", {}, h("label", { for: "arrow-text" }, t("film.text")), text), h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("film.no_arrow")), h("button", { class: "primary" }, t("film.put_it_there"))));
  });
}
