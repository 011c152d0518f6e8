// What a person gives beside their session, for one act: a password typed here, or the provider's word where they sign in there (the request then waits for it, see api.ts).
import { ELSEWHERE } from "./api.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { me } from "./session.ts";

export const ownSecret = (properties: { id?: string; autofocus?: boolean } = {}): HTMLInputElement =>
  me().provider ? h("input", { type: "hidden", value: ELSEWHERE }) : h("input", { type: "password", autocomplete: "current-password", required: true, maxlength: 256, ...properties });

// The control with its label, or the words of who will ask.
export function secretField(label: string, secret: HTMLInputElement, signs = false): HTMLElement {
  const { provider } = me();
  if (secret.type === "hidden") return h("p", { class: "muted" }, t(signs ? "elsewhere.will_ask" : "elsewhere.will_ask_first", { provider }), secret);
  return h("div", {}, h("label", { for: secret.id }, label), secret);
}
