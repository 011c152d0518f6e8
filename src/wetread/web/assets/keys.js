// Keyboard first: one table of keys per page, shown by `?`, silent while somebody types.
import { dialog, h } from "./dom.js";

export function listen(bindings) {
  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.altKey || event.metaKey) return;
    const typing = event.target.matches("input, textarea, select");
    const name = (event.ctrlKey ? "Ctrl+" : "") + event.key;
    const found = bindings.find((each) => each.keys.includes(name) && (!typing || each.whileTyping));
    if (name === "?" && !typing) sheet(bindings);
    else if (found && !(event.key === "Enter" && event.target.matches("button, a, summary") && !event.ctrlKey)) found.run(event);
    else return;
    event.preventDefault();
  });
}

export function sheet(bindings) {
  const rows = bindings.filter((each) => each.says).flatMap((each) => [h("dt", {}, each.keys.slice(0, 2).map((key) => h("kbd", {}, label(key)))), h("dd", {}, each.says)]);
  return dialog("Keys", (close) => h("div", {}, h("dl", { class: "keys" }, rows, h("dt", {}, h("kbd", {}, "?")), h("dd", {}, "this sheet")), h("div", { class: "actions" }, h("button", { autofocus: true, onclick: () => close(null) }, "Close"))));
}

const label = (key) => ({ ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" })[key] ?? key;
