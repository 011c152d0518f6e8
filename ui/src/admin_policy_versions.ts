// Saved triage policies: which decides, what waits for somebody else's word, and what one may do about it.
import { failed, field, ownPassword, question, said } from "./admin_parts.ts";
import type { Policy, PolicyVersion, PolicyVersionText } from "./answers/administration.ts";
import { get, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { dialog, h } from "./dom.ts";
import { lineDiff } from "./diff.ts";
import { shortly, visible, words } from "./format.ts";
import { may, me } from "./session.ts";

const TONES: Record<string, string> = { active: "good", proposed: "asap" };
type Act = "approve" | "withdraw" | "revert";
type Again = () => unknown;

export function proposal(text: () => string, done: Again): HTMLButtonElement | null {
  if (!may("propose_policy")) return null;
  const ask = async () => {
    const [reason, own] = [h("input", { required: true, maxlength: 500, autocomplete: "off", autofocus: true }), ownPassword()];
    const sent = await question(t("admin.policy.propose"), [h("p", { class: "muted" }, t("admin.policy.propose.about")), field(t("admin.models.why"), reason), field(t("admin.people.own"), own)], t("admin.policy.propose"),
      () => send("POST", "/api/policy/versions", { body: { policy: text(), reason: reason.value, password: own.value } }));
    if (sent) (said(t("admin.policy.proposed")), done());
  };
  return h("button", { type: "button", onclick: () => ask().catch(failed) }, t("admin.policy.propose"));
}

export function versionsOf({ active, problem, versions, site_policy, policy }: Policy, done: Again): HTMLElement {
  const decides = versions.find((each) => each.number === active);
  const file = t(site_policy ? "admin.policy.file.site" : "admin.policy.file.builtin");
  return h("section", { class: "admin", "aria-label": t("admin.policy.versions") },
    problem && h("p", { class: "alert", role: "alert" }, visible(problem)),
    h("p", {}, h("strong", {}, decides ? t("admin.policy.decides", { number: decides.number, name: visible(decides.name) }) : t("admin.policy.decides.file", { file }))),
    versions.filter(isOpen).map((each) => line(each, policy, done)),
    versions.some((each) => !isOpen(each)) && h("details", {}, h("summary", {}, t("admin.policy.earlier")), h("div", { class: "admin" }, versions.filter((each) => !isOpen(each)).map((each) => line(each, policy, done)))));
}

const isOpen = ({ state }: PolicyVersion): boolean => state === "active" || state === "proposed";

function line(each: PolicyVersion, deciding: string, done: Again): HTMLElement {
  const acts = (["approve", "withdraw", "revert"] as Act[]).filter((act) => applies(act, each));
  return h("div", { class: "card", role: "group", "aria-label": t("admin.policy.version", { number: each.number, name: visible(each.name) }) },
    h("div", { class: "line" }, h("strong", {}, t("admin.policy.version", { number: each.number, name: visible(each.name) })), h("span", { class: `chip ${TONES[each.state] ?? ""}` }, words(each.state)), h("span", { class: "muted mono" }, each.sha256.slice(0, 12))),
    h("ul", {}, each.acts.map((act) => h("li", {}, t("admin.policy.act", { when: shortly(act.acted_at), action: act.action, who: visible(act.actor_id), role: words(act.role), why: visible(act.reason) })))),
    h("div", { class: "acts" }, each.state !== "active" && h("button", { type: "button", class: "quiet", onclick: () => look(each, deciding).catch(failed) }, t("admin.policy.look")),
      acts.map((act) => h("button", { type: "button", class: act === "approve" ? "primary" : "", onclick: () => doIt(act, each, done).catch(failed) }, t(`admin.policy.${act}`)))));
}

// Who proposed it does not approve it, nor does anybody in that role: the server refuses it, and the page does not offer it.
function applies(act: Act, { state, acts }: PolicyVersion): boolean {
  const asked = acts[0];
  if (act === "revert") return state === "active" && may("approve_policy");
  if (state !== "proposed") return false;
  return act === "withdraw" ? may("propose_policy") : may("approve_policy") && asked?.actor_id !== me().actor_id && asked?.role !== me().role;
}

async function doIt(act: Act, { number, name }: PolicyVersion, done: Again): Promise<void> {
  const [reason, own] = [h("input", { required: true, maxlength: 500, autocomplete: "off", autofocus: true }), ownPassword()];
  const title = t("admin.policy.title", { act: t(`admin.policy.${act}`), number, name: visible(name) });
  const sent = await question(title, [h("p", { class: "muted" }, t(`admin.policy.${act}.about`)), field(t("admin.models.why"), reason), field(t("admin.people.own"), own)], t(`admin.policy.${act}`), () => send("POST", `/api/policy/versions/${number}/${act}`, { body: { reason: reason.value, password: own.value } }));
  if (sent) (said(t("admin.people.done", { what: title })), done());
}

// Line by line against what decides now.
async function look({ number, name }: PolicyVersion, deciding: string): Promise<void> {
  const { text } = await get<PolicyVersionText>(`/api/policy/versions/${number}`);
  const pieces = lineDiff(deciding, text);
  await dialog<null>(t("admin.policy.version", { number, name: visible(name) }), (close) => h("div", { class: "stack" },
    h("p", { class: "muted" }, t(pieces.some((each) => each.kind !== "same") ? "admin.policy.diff" : "admin.policy.same")),
    h("pre", { class: "policy changes", tabindex: 0 }, pieces.map(({ kind, text: piece }) => (kind === "same" ? visible(piece) : h(kind === "added" ? "ins" : "del", {}, visible(piece))))),
    h("div", { class: "actions" }, h("button", { autofocus: true, onclick: () => close(null) }, t("admin.policy.close")))), { className: "wide admin" });
}
