// The views a person saved: buttons beside the lists, keys 4 to 9. Which states, priorities and sites; never what was typed.
import type { SavedView, SavedViews } from "./answers/worklist.ts";
import { get, problemOf, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { dialog, h } from "./dom.ts";
import { visible } from "./format.ts";

const MOST = 6;
export const FIRST_KEY = 4;

export class SavedViewBar {
  views: SavedView[] = [];

  constructor(
    private readonly place: HTMLElement,
    private readonly use: (view: SavedView) => void,
    private readonly now: () => Omit<SavedView, "name">,
  ) {}

  async load(): Promise<void> {
    this.views = (await get<SavedViews>("/api/worklist/views")).views;
    this.draw();
  }

  at(key: number): void {
    const view = this.views[key - FIRST_KEY];
    if (view) this.use(view);
  }

  // Which of them is the list that is shown now.
  mark(): void {
    const now = JSON.stringify(this.now());
    this.views.forEach((view, at) => this.place.querySelector(`[data-view="${at}"]`)?.setAttribute("aria-pressed", String(JSON.stringify(plain(view)) === now)));
  }

  private draw(): void {
    const buttons = this.views.map((view, at) => h("span", { class: "saved-view" }, h("button", { class: "quiet", "data-view": at, "aria-pressed": "false", onclick: () => this.use(view) }, visible(view.name)), h("button", { class: "quiet remove", "aria-label": t("views.remove", { name: visible(view.name) }), onclick: () => this.save(this.views.filter((each) => each !== view)) }, "×")));
    this.place.replaceChildren(...buttons, h("button", { class: "quiet", id: "save-view", onclick: () => this.ask() }, t("views.save")));
    this.mark();
  }

  private async save(views: SavedView[]): Promise<void> {
    this.views = (await send<SavedViews>("PUT", "/api/worklist/views", { body: { views } })).views;
    this.draw();
  }

  private async ask(): Promise<void> {
    await dialog<boolean>(t("views.save.title"), (close) => {
      const name = h("input", { id: "view-name", maxlength: 40, required: true, autofocus: true, autocomplete: "off" });
      const error = h("p", { class: "error", role: "alert" }, this.views.length >= MOST ? t("views.full") : "");
      const submit = async (event: Event) => {
        event.preventDefault();
        const wanted = name.value.trim();
        if (this.views.some((each) => each.name === wanted)) return void (error.textContent = t("views.taken"));
        if (!wanted || this.views.length >= MOST) return;
        try {
          await this.save([...this.views, { name: wanted, ...this.now() }]);
          close(true);
        } catch (thrown) {
          error.textContent = problemOf(thrown).message;
        }
      };
      return h("form", { onsubmit: submit }, h("div", {}, h("label", { for: "view-name" }, t("views.save.name")), name), h("p", { class: "muted" }, t("views.save.keeps")), error,
        h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("cancel")), h("button", { class: "primary" }, t("save"))));
    });
    document.getElementById("save-view")?.focus();
  }
}

const plain = ({ view, states, priorities, sites }: SavedView): Omit<SavedView, "name"> => ({ view, states, priorities, sites });
