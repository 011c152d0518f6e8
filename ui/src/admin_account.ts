// One's own account: where one is signed in, and what an emergency opens for a while.
import { failed, field, ownPassword, question, said, table } from "./admin_parts.ts";
import type { OwnAccount, SignedIn } from "./answers/account.ts";
import { get, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { shortly, visible, words } from "./format.ts";
import { secondFactor } from "./second_factor.ts";

export async function ownAccount(place: HTMLElement): Promise<void> {
  draw(place, await get<OwnAccount>("/api/account"));
}

function draw(place: HTMLElement, mine: OwnAccount): void {
  const again = (answer: OwnAccount, what: string) => (said(what), draw(place, answer));
  const others = mine.sessions.some((each) => !each.this);
  const endOthers = () => send<OwnAccount>("POST", "/api/account/sessions/end-others").then((answer) => again(answer, t("account.ended")), failed);
  place.replaceChildren(h("div", { class: "admin" },
    h("p", {}, h("strong", {}, visible(mine.display_name)), ` ${visible(mine.actor_id)}, ${words(mine.role)}. `, mine.sites.length ? t("account.sites", { sites: visible(mine.sites.join(", ")) }) : t("account.sites.all")),
    secondFactor(mine.second_factor, () => location.reload()),
    h("h2", {}, t("account.sessions")), h("p", { class: "muted" }, t("account.sessions.about")),
    table(t("account.sessions"), [t("account.begun"), t("account.client"), t("account.address"), t("admin.people.expires"), ""], mine.sessions.map((each) => session(each, again))),
    others && h("div", { class: "bar" }, h("button", { onclick: endOthers }, t("account.end_others"))),
    mine.acts.includes("open_in_emergency") && mine.sites.length > 0 && emergency(place, mine)));
}

function session(each: SignedIn, again: (answer: OwnAccount, what: string) => void): HTMLTableRowElement {
  const end = () => send<OwnAccount>("POST", "/api/account/sessions/end", { body: { session: each.session } }).then((answer) => again(answer, t("account.ended")), failed);
  const where = `${each.client} ${each.address} ${shortly(each.begun_at)}`;
  return h("tr", {}, h("td", {}, shortly(each.begun_at)), h("td", {}, visible(each.client) || t("account.client.unknown")), h("td", {}, visible(each.address)), h("td", {}, shortly(each.expires_at)),
    h("td", { class: "acts" }, each.this ? h("span", { class: "chip good" }, t("account.here")) : h("button", { onclick: end }, t("admin.people.end"), h("span", { class: "visually-hidden" }, ` ${visible(where)}`))));
}

function emergency(place: HTMLElement, mine: OwnAccount): HTMLElement {
  const open = () => openInEmergency(mine).then((opened) => (opened ? ownAccount(place) : null));
  return h("section", {}, h("h2", {}, t("emergency.access")), h("p", { class: "muted" }, t("emergency.about")),
    mine.emergencies.map((each) => h("p", { class: "alert" }, h("a", { href: `/studies/${each.study_key}` }, t("emergency.open_until", { time: shortly(each.ends_at) })))),
    h("div", { class: "bar" }, h("button", { onclick: open }, t("emergency.open"))));
}

async function openInEmergency(mine: OwnAccount): Promise<boolean | null> {
  const study = h("input", { required: true, maxlength: 64, autocomplete: "off", autofocus: true });
  const reason = h("select", {}, mine.emergency_reasons.map((each) => h("option", { value: each }, t(`emergency.reason.${each}`))));
  const why = h("textarea", { required: true, minlength: 10, maxlength: 500, rows: 3 });
  const own = ownPassword();
  const body = () => ({ study: study.value.trim(), reason: reason.value, words: why.value, password: own.value });
  const fields = [h("p", { class: "muted" }, t("emergency.what_follows")), field(t("emergency.study"), study), field(t("emergency.reason"), reason), field(t("emergency.words"), why), field(t("admin.people.own"), own)];
  return question(t("emergency.open"), fields, t("emergency.open_now"), () => send("POST", "/api/emergencies", { body: body() }));
}
