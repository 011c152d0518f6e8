// What people opened in an emergency, and another person's verdict on each.
import { empty, field, question, said, table } from "./admin_parts.ts";
import type { Emergencies, JudgedEmergency } from "./answers/account.ts";
import { get, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { shortly, visible } from "./format.ts";
import { me } from "./session.ts";

export async function emergencies(place: HTMLElement): Promise<void> {
  const answer = await get<Emergencies>("/api/emergencies");
  if (!answer.emergencies.length) return place.replaceChildren(empty(t("emergency.none"), t("emergency.none.more")));
  const heads = ["#", t("emergency.opened"), t("admin.audit.actor"), t("emergency.reason"), t("emergency.accesses"), t("emergency.verdict"), ""];
  place.replaceChildren(h("div", { class: "admin" }, table(t("admin.emergencies"), heads, answer.emergencies.map((each) => row(each, answer, () => emergencies(place))))));
}

function row(each: JudgedEmergency, answer: Emergencies, again: () => unknown): HTMLTableRowElement {
  const about = h("span", { class: "visually-hidden" }, ` ${each.number}, ${visible(each.actor_id)}`);
  const state = each.verdict ? h("span", { class: `chip ${each.verdict === "justified" ? "good" : "bad"}` }, t(`emergency.verdict.${each.verdict}`)) : h("span", { class: "chip warn" }, t(each.running ? "emergency.running" : "emergency.waiting"));
  const judged = each.verdict && h("div", { class: "muted" }, `${visible(each.reviewed_by)} ${shortly(each.reviewed_at ?? "")} ${visible(each.note)}`);
  const mine = each.actor_id === me().actor_id;
  return h("tr", {}, h("td", {}, String(each.number)), h("td", {}, `${shortly(each.opened_at)} – ${shortly(each.ends_at)}`), h("td", {}, visible(each.actor_id)),
    h("td", {}, h("strong", {}, t(`emergency.reason.${each.reason}`)), h("div", {}, visible(each.words)), h("div", { class: "muted" }, visible(each.study_key))),
    h("td", {}, String(each.accesses)), h("td", {}, state, judged),
    h("td", { class: "acts" }, !each.verdict && !mine && h("button", { onclick: () => judge(each, answer).then((done) => (done ? again() : null)) }, t("emergency.judge"), about)));
}

async function judge(each: JudgedEmergency, answer: Emergencies): Promise<boolean | null> {
  const verdict = h("select", { autofocus: true }, answer.verdicts.map((one) => h("option", { value: one }, t(`emergency.verdict.${one}`))));
  const note = h("input", { maxlength: 500, autocomplete: "off" });
  const title = t("emergency.judge.of", { number: String(each.number), name: visible(each.actor_id) });
  const fields = [h("p", {}, visible(each.words)), h("p", { class: "muted" }, t("emergency.judge.ends")), field(t("emergency.verdict"), verdict), field(t("emergency.note"), note)];
  const done = await question(title, fields, t("save"), () => send("POST", `/api/emergencies/${each.number}/review`, { body: { verdict: verdict.value, note: note.value } }));
  if (done) said(t("admin.people.done", { what: title }));
  return done;
}
