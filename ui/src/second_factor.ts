// Setting up an authenticator: a picture to be looked at by a phone, the same as text, and the code that it shows then.
import { field, ownPassword, question } from "./admin_parts.ts";
import type { BegunFactor, OwnFactor, RecoveryCodes } from "./answers/account.ts";
import { problemOf, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { dialog, h, s } from "./dom.ts";
import { shortly } from "./format.ts";

export const codeInput = (id: string): HTMLInputElement => h("input", { id, autocomplete: "one-time-code", autocapitalize: "none", spellcheck: false, maxlength: 32 });

export function secondFactor(mine: OwnFactor, again: () => unknown): HTMLElement {
  const state = mine.on ? t("factor.on", { since: shortly(mine.since), count: mine.codes_left }) : t(mine.required ? "factor.owed" : "factor.off");
  const start = () => setUp(mine).then((done) => (done ? again() : null));
  return h("section", {}, h("h2", {}, t("factor.title")), h("p", { class: mine.required && !mine.on ? "alert" : "muted" }, state), h("div", { class: "bar" }, h("button", { class: mine.on ? null : "primary", onclick: start }, t(mine.on ? "factor.another" : "factor.set_up"))));
}

async function setUp(mine: OwnFactor): Promise<boolean> {
  const [own, code] = [ownPassword(), codeInput("factor-old")];
  own.autofocus = true;
  let begun: BegunFactor | null = null;
  const ask = async () => (begun = await send<BegunFactor>("POST", "/api/account/second-factor", { body: { password: own.value, code: code.value } }));
  if (!(await question(t("factor.set_up"), [field(t("admin.people.own"), own), mine.on && field(t("factor.old"), code)], t("factor.go_on"), ask)) || !begun) return false;
  const codes = await confirmCode(begun);
  if (codes) await showCodes(codes);
  return codes !== null;
}

function confirmCode(begun: BegunFactor): Promise<string[] | null> {
  return dialog<string[]>(t("factor.set_up"), (close) => {
    const code = codeInput("factor-code");
    Object.assign(code, { required: true, autofocus: true });
    const error = h("p", { class: "error", role: "alert" });
    const button = h("button", { class: "primary" }, t("factor.confirm"));
    const submit = async (event: Event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      error.textContent = "";
      try {
        close((await send<RecoveryCodes>("POST", "/api/account/second-factor/confirm", { body: { code: code.value } })).recovery_codes);
      } catch (thrown) {
        error.textContent = problemOf(thrown).message;
        code.select();
        button.disabled = false;
      }
    };
    return h("form", { onsubmit: submit }, h("p", {}, t("factor.look")), picture(begun.qr), h("p", {}, t("factor.or_type"), " ", h("code", {}, begun.seed)), field(t("factor.code"), code), error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("cancel")), button));
  }, { stay: true });
}

function showCodes(codes: string[]): Promise<boolean | null> {
  return dialog<boolean>(t("factor.codes"), (close) => h("div", {}, h("p", {}, t("factor.codes.about")), h("ul", { class: "codes" }, codes.map((each) => h("li", {}, h("code", {}, each)))), h("div", { class: "actions" }, h("button", { class: "primary", autofocus: true, onclick: () => close(true) }, t("factor.codes.kept")))), { stay: true });
}

// Black on white with the quiet zone of four modules, whatever the page's colours are: a camera reads no other.
function picture(rows: string[]): SVGElement {
  const side = rows.length + 8;
  const dark = rows.flatMap((row, y) => [...row].map((cell, x) => (cell === "1" ? `M${x + 4} ${y + 4}h1v1h-1z` : ""))).join("");
  return s("svg", { viewBox: `0 0 ${side} ${side}`, class: "qr", role: "img", "aria-label": t("factor.picture") }, s("rect", { width: side, height: side, fill: "#fff" }), s("path", { d: dark, fill: "#000" }));
}
