// Administration: one page, a part for each thing that is looked after; each part is shown to whom the server lets in.
import { ownAccount } from "./admin_account.ts";
import { audit } from "./admin_audit.ts";
import { connections } from "./admin_connections.ts";
import { emergencies } from "./admin_emergencies.ts";
import { models } from "./admin_models.ts";
import { people } from "./admin_people.ts";
import { rules } from "./admin_rules.ts";
import { work } from "./admin_work.ts";
import { problemOf } from "./api.ts";
import { t } from "./catalogue.ts";
import { byId, h } from "./dom.ts";
import { listen, sheet } from "./keys.ts";
import { followRoom } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { begin, may, me } from "./session.ts";
import { CriticalStrip } from "./strip.ts";

// `live`: asks again by itself. The others would take away what somebody is typing.
type Part = { name: "work" | "audit" | "people" | "models" | "connections" | "rules" | "emergencies" | "account"; act: string; show: (place: HTMLElement) => Promise<unknown>; live?: boolean };
const PARTS: Part[] = [
  { name: "work", act: "retry_work", show: work, live: true },
  { name: "audit", act: "read_own_audit", show: audit },
  { name: "people", act: "manage_accounts", show: people },
  { name: "models", act: "see_rollouts", show: models },
  { name: "connections", act: "see_settings", show: connections },
  { name: "rules", act: "try_policy", show: rules },
  { name: "emergencies", act: "review_emergencies", show: emergencies },
  { name: "account", act: "read_own_audit", show: ownAccount },
];

await begin();
const shown = PARTS.filter((each) => may(each.act));
const part = shown.find((each) => location.pathname === `/administration/${each.name}`) ?? shown[0];
const strip = may("see_worklist") ? new CriticalStrip() : null;
const masthead = new Masthead(strip);
const bindings = [...shown.map((each, at) => ({ keys: [String(at + 1)], says: t("admin.part", { name: t(`admin.${each.name}`) }), run: () => location.assign(`/administration/${each.name}`) })), ...(strip?.bindings ?? []), ...roomBindings()];
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
byId("parts").replaceChildren(...shown.map((each) => h("a", { href: `/administration/${each.name}`, "aria-current": each === part ? "page" : null }, t(`admin.${each.name}`))));

async function draw(): Promise<void> {
  if (!part) return;
  byId("title").textContent = t(`admin.${part.name}`);
  byId("about").textContent = t(`admin.${part.name}.about`);
  document.title = `${t(`admin.${part.name}`)} · wetread`;
  await part.show(byId("part"));
}

const owes = me().owes_second_factor; // then nothing else is answered yet
await Promise.all([draw(), owes ? null : masthead.refresh()]).then(() => masthead.say(true), (thrown) => byId("part").replaceChildren(h("p", { class: "alert", role: "alert" }, problemOf(thrown).message)));
if (!owes) followRoom(() => Promise.all([masthead.refresh(), part?.live && !document.querySelector("dialog[open]") ? draw() : null]), (up) => masthead.say(up), may("see_worklist"));
