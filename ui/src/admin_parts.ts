// What the administration's parts share: a table, what was said last, and a question that asks for one's own password.
import { problemOf } from "./api.ts";
import { t } from "./catalogue.ts";
import { byId, type Child, dialog, h } from "./dom.ts";
import { ownSecret, secretField } from "./second_component.ts";

export function said(text: string, good = true): void {
  byId("said").replaceChildren(h("p", { class: good ? "done" : "alert" }, text));
}

export const failed = (thrown: unknown): void => said(problemOf(thrown).message, false);

export function table(name: string, heads: string[], rows: HTMLTableRowElement[]): HTMLElement {
  return h("table", { class: "plain-table" }, h("caption", { class: "visually-hidden" }, name), h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head || h("span", { class: "visually-hidden" }, "…"))))), h("tbody", {}, rows));
}

export const empty = (first: string, more: string): HTMLElement => h("div", { class: "empty" }, h("strong", {}, first), h("span", {}, more));

export function field(label: string, control: HTMLElement): HTMLElement {
  if (control instanceof HTMLInputElement && control.type === "hidden") return secretField(label, control);
  control.id ||= `field-${Math.random().toString(36).slice(2)}`;
  return h("div", {}, h("label", { for: control.id }, label), control);
}

// Resolves to true when `act` was done; what it refuses is said in the dialog, and nothing typed is lost.
export function question(title: string, fields: Child[], button: string, act: () => Promise<unknown>): Promise<boolean | null> {
  return dialog<boolean>(title, (close) => {
    const error = h("p", { class: "error", role: "alert" });
    const submit = async (event: Event) => {
      event.preventDefault();
      error.textContent = "";
      try {
        await act();
        close(true);
      } catch (thrown) {
        error.textContent = problemOf(thrown).message;
      }
    };
    return h("form", { onsubmit: submit }, fields, error, h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("cancel")), h("button", { class: "primary" }, button)));
  });
}

export const ownPassword = (): HTMLInputElement => ownSecret();
