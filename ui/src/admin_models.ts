// The model registry: which version reads where, what its gates said, and what people may do about it.
import { empty, field, ownPassword, question, said, table } from "./admin_parts.ts";
import type { Gate, Models, Rollout, Version } from "./answers/administration.ts";
import { get, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { shortly, visible, words } from "./format.ts";
import { may } from "./session.ts";

const ACTS = { ask: "ask_for_promotion", approve: "approve_promotion", hold: "stop_rollout", resume: "approve_promotion", roll_back: "stop_rollout" } as const;
type Act = keyof typeof ACTS;
const TONES: Record<string, string> = { active: "good", canary: "urgent", shadow: "ai", retired: "", candidate: "" };
const RESULTS: Record<string, string> = { fails: "bad", holds: "asap", passes: "good" };

export async function models(place: HTMLElement): Promise<void> {
  const { versions } = await get<Models>("/api/models");
  const again = (what: string) => models(place).finally(() => said(t("admin.people.done", { what })));
  place.replaceChildren(h("div", { class: "admin" }, versions.length ? versions.map((each) => card(each, again)) : empty(t("admin.models.none"), t("admin.models.none.more"))));
}

function card(version: Version, again: (what: string) => unknown): HTMLElement {
  const signer = version.signer ? t("admin.models.signed", { who: visible(version.signer) }) : t("admin.models.unsigned");
  return h("section", { class: "card", "aria-label": version.model },
    h("div", { class: "line" }, h("h2", {}, visible(version.model)), h("span", { class: "muted" }, [t("admin.models.registered", { who: visible(version.registered_by), when: shortly(version.registered_at) }), signer].join(", ")), h("a", { href: `/api/models/${version.model}/card`, target: "_blank", rel: "noopener" }, t("admin.models.card"))),
    version.note && h("p", {}, visible(version.note)), h("p", { class: "muted mono" }, version.bundle_sha256),
    version.rollouts.length ? version.rollouts.map((each) => rollout(version, each, again)) : h("p", { class: "muted" }, t("admin.models.candidate")),
    h("p", { class: "muted" }, t("admin.models.evidence")));
}

function rollout(version: Version, each: Rollout, again: (what: string) => unknown): HTMLElement {
  const asked = each.ask && t("admin.models.asked", { who: visible(each.ask.asked_by), percent: each.ask.percent, approvals: each.ask.approvals.map((one) => `${visible(one.actor_id)} (${words(one.role)})`).join(", ") || t("admin.models.nobody") });
  const look = each.look ? t("admin.models.look", { look: each.look.look, when: shortly(each.look.decided_at), studies: each.look.studies, verdict: words(each.look.verdict), reason: visible(each.look.reason) }) : t("admin.models.look.none");
  return h("div", { class: "stack", role: "group", "aria-label": `${version.model}, ${each.site}` },
    h("div", { class: "line" }, h("strong", {}, visible(each.site)), h("span", { class: `chip ${TONES[each.state] ?? ""}` }, [words(each.state), each.state === "canary" && `${each.percent} %`].filter(Boolean).join(" ")), h("span", { class: "muted" }, t("admin.models.since", { when: shortly(each.since) })), each.held && h("span", { class: "chip asap" }, t("admin.models.held", { why: visible(each.held) }))),
    asked && h("p", {}, asked), each.open && h("p", {}, look), each.expects && h("p", { class: "muted" }, t("admin.models.expects", { words: visible(each.expects) })),
    each.look && h("details", {}, h("summary", {}, `${t("admin.models.gates")} (${each.look.gates.length})`), table(t("admin.models.gates"), [t("admin.models.head.gate"), t("admin.models.head.finding"), t("admin.models.head.result"), t("admin.models.head.statistic"), t("admin.models.head.value"), t("admin.models.head.threshold"), t("admin.models.head.events"), "n"], each.look.gates.map(gate))),
    h("details", {}, h("summary", {}, t("admin.models.history")), h("ul", {}, each.history.map((done) => h("li", {}, [`${shortly(done.acted_at)}:`, words(done.action), done.percent > 0 && `(${done.percent} %)`, visible(done.actor_id), done.reason && `: ${visible(done.reason)}`].filter(Boolean).join(" "))))),
    h("div", { class: "acts" }, (Object.keys(ACTS) as Act[]).filter((act) => may(ACTS[act]) && applies(act, each)).map((act) => h("button", { onclick: () => doIt(act, version, each).then((what) => (what ? again(what) : null)) }, t(`admin.models.act.${act}`, { percent: each.next_percent }), h("span", { class: "visually-hidden" }, ` ${version.model} ${each.site}`)))));
}

const applies = (act: Act, { open, held, ask, state }: Rollout): boolean => ({ ask: open && !held && !ask, approve: open && !held && ask !== null, hold: open && !held, resume: open && held !== "", roll_back: open || state === "active" })[act];

function gate(each: Gate): HTMLTableRowElement {
  return h("tr", {}, h("td", {}, words(each.gate)), h("td", {}, each.finding ? words(each.finding) : "all"), h("td", {}, h("span", { class: `chip ${RESULTS[each.result] ?? ""}` }, words(each.result))), h("td", {}, visible(each.statistic)), h("td", { class: "number" }, number(each.value)), h("td", { class: "number" }, number(each.threshold)), h("td", { class: "number" }, each.events), h("td", { class: "number" }, each.n));
}

const number = (value: number | string | null) => (typeof value === "number" ? value.toPrecision(3) : (value ?? ""));

async function doIt(act: Act, version: Version, { site, next_percent }: Rollout): Promise<string | null> {
  const [reason, own] = [h("input", { required: true, minlength: 3, maxlength: 500, autocomplete: "off", autofocus: true }), ownPassword()];
  const title = t("admin.models.title", { act: t(`admin.models.act.${act}`, { percent: next_percent }), model: version.model, site });
  const fields = [act === "ask" ? null : field(t("admin.models.why"), reason), field(t("admin.people.own"), own)];
  const done = await question(title, fields, t(`admin.models.act.${act}`, { percent: next_percent }), () => send("POST", `/api/rollouts/${version.model}/${act.replace("_", "-")}`, { body: { site, password: own.value, ...(act === "ask" ? {} : { reason: reason.value }) } }));
  return done ? title : null;
}
