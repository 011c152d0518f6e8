// The login page's other way in: the identity provider, where one is set; and what it said of who came back from there.
import type { WaysIn } from "./answers/elsewhere.ts";
import { get } from "./api.ts";
import { knows, t } from "./catalogue.ts";
import { byId, h, show } from "./dom.ts";

export async function offerElsewhere(target: string): Promise<void> {
  const code = new URLSearchParams(location.search).get("said");
  const key = `elsewhere.said.${code}`;
  const words = code && h("p", { class: "alert", role: "alert" }, knows(key) ? t(key) : t("elsewhere.said.otherwise", { code: /^[a-z_]{1,40}$/.test(code) ? code : "?" }));
  const ways = await get<WaysIn>("/api/sign-in", { renew: false }).catch(() => ({ provider: "", password: true }));
  show(byId("login"), ways.password || !ways.provider);
  const way = ways.provider && h("a", { class: "button primary", href: `/oidc/login?next=${target}` }, t("elsewhere.sign_in", { provider: ways.provider }));
  byId("elsewhere").replaceChildren(...[words, way, way && ways.password && h("p", { class: "muted" }, t("elsewhere.with_a_password"))].filter((each) => each instanceof HTMLElement));
  show(byId("elsewhere"), Boolean(words || way));
  if (way) way.focus();
}
