// Keyboard first: one table of keys per page, shown by `?`, silent while somebody types.
import { dialog, h } from "./dom.ts";
import { t } from "./catalogue.ts";

export type Binding = { keys: string[]; says: string; whileTyping?: boolean; run: (event: KeyboardEvent) => unknown };

// A function where the keys' words change while the page is open.
export function listen(table: Binding[] | (() => Binding[])): void {
  addEventListener("keydown", (event) => {
    const bindings = typeof table === "function" ? table() : table;
    if (document.querySelector("dialog[open]") || event.altKey || event.metaKey) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const typing = target.matches("input, textarea, select");
    const name = (event.ctrlKey ? "Ctrl+" : "") + event.key;
    const found = bindings.find((each) => each.keys.includes(name) && (!typing || each.whileTyping));
    if (name === "?" && !typing) sheet(bindings);
    else if (found && !(event.key === "Enter" && target.matches("button, a, summary") && !event.ctrlKey)) found.run(event);
    else return;
    event.preventDefault();
  });
}

export function sheet(bindings: Binding[]): Promise<null> {
  const rows = [...bindings, { keys: ["?"], says: t("keys.this_sheet") }].filter((each) => each.says).map((each) => h("div", {}, h("dt", {}, each.keys.slice(0, 2).map((key) => h("kbd", {}, label(key)))), h("dd", {}, each.says)));
  return dialog<never>(t("keys.keys"), (close) => h("div", {}, h("dl", { class: "keys" }, rows), h("div", { class: "actions" }, h("button", { autofocus: true, onclick: () => close(null) }, t("keys.close")))), { className: "wide", fromTop: true });
}

const label = (key: string): string => ({ ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" } as Record<string, string>)[key] ?? key;
