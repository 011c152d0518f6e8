// Accounts, roles, sessions. Each change asks for one's own password; what may not be is refused by the server and said.
import { failed, field, ownPassword, question, said, table } from "./admin_parts.ts";
import type { SignedIn } from "./answers/account.ts";
import type { Account, Accounts } from "./answers/administration.ts";
import { get, send } from "./api.ts";
import { t } from "./catalogue.ts";
import { h } from "./dom.ts";
import { shortly, visible, words } from "./format.ts";

export async function people(place: HTMLElement): Promise<void> {
  draw(place, await get<Accounts>("/api/accounts"));
}

function draw(place: HTMLElement, answer: Accounts): void {
  const again = async (what: string) => people(place).finally(() => said(t("admin.people.done", { what }))); // once it is on the screen, too
  place.replaceChildren(h("div", { class: "admin" },
    h("div", { class: "bar" }, h("button", { class: "primary", onclick: () => add(answer).then((what) => (what ? again(what) : null)) }, t("admin.people.add"))),
    table(t("admin.people"), [t("admin.audit.actor"), t("admin.name"), t("admin.people.role"), t("admin.people.sites"), t("admin.state"), ""], answer.accounts.map((each) => row(each, answer, again))),
    h("h2", {}, t("admin.people.sessions")),
    table(t("admin.people.sessions"), [t("admin.audit.actor"), t("account.begun"), t("account.client"), t("account.address"), t("admin.people.expires"), ""], answer.sessions.map((each) => session(each, again)))));
}

function row(account: Account, answer: Accounts, again: (what: string) => unknown): HTMLTableRowElement {
  const name = visible(account.actor_id);
  const about = () => h("span", { class: "visually-hidden" }, ` ${name}`);
  const ask = (title: string, run: () => Promise<string | null>) => h("button", { onclick: () => run().then((what) => (what ? again(what) : null)) }, title, about());
  const state = h("span", { class: `chip ${account.disabled ? "bad" : "good"}` }, t(account.disabled ? "admin.people.disabled" : "admin.people.active"));
  const others = account.me ? [] : [ask(t("admin.people.change"), () => changeRole(account, answer)), ask(t("admin.people.sites.change"), () => changeSites(account)), ask(t(account.disabled ? "admin.people.enable" : "admin.people.disable"), () => setDisabled(account))];
  return h("tr", {}, h("td", {}, h("strong", {}, name), account.me && h("span", { class: "muted" }, ` ${t("admin.people.you")}`)), h("td", {}, visible(account.display_name)), h("td", {}, words(account.role)), h("td", {}, account.sites.length ? visible(account.sites.join(", ")) : h("span", { class: "muted" }, t("admin.people.sites.all"))), h("td", {}, state, account.second_factor && h("span", { class: "chip" }, t("factor.has")), account.subject && h("span", { class: "chip" }, t("admin.people.linked")), account.reset_asked_by && h("div", { class: "muted" }, t("factor.reset.asked", { name: visible(account.reset_asked_by) }))),
    h("td", { class: "acts" }, others, !account.subject && ask(t("admin.people.password"), () => changePassword(account, answer)), links(account, answer, ask), !account.me && account.second_factor && ask(t("factor.reset"), () => resetFactor(account)), !account.me && ask(t("admin.people.end_all"), () => endAll(account))));
}

type Ask = (title: string, run: () => Promise<string | null>) => HTMLElement;

/** To the identity provider and back; a system signs in nowhere. */
function links(account: Account, answer: Accounts, ask: Ask): HTMLElement | false {
  if (account.me || !(account.subject || answer.provider) || answer.systems.includes(account.role)) return false;
  return account.subject ? ask(t("admin.people.unlink"), () => unlink(account, answer)) : ask(t("admin.people.link"), () => link(account, answer));
}

function session(each: SignedIn, again: (what: string) => unknown): HTMLTableRowElement {
  const end = () => send("POST", "/api/accounts/sessions/end", { body: { session: each.session } }).then(() => again(t("admin.people.end.of", { name: visible(each.actor_id) })), failed);
  return h("tr", {}, h("td", {}, visible(each.actor_id)), h("td", {}, each.begun_at && shortly(each.begun_at)), h("td", {}, visible(each.client)), h("td", {}, visible(each.address)), h("td", {}, shortly(each.expires_at)), h("td", { class: "acts" }, each.this ? h("span", { class: "muted" }, t("admin.people.this")) : h("button", { onclick: end }, t("admin.people.end"), h("span", { class: "visually-hidden" }, ` ${visible(each.actor_id)} ${each.session}`))));
}

const roles = (answer: Accounts, chosen: string) => h("select", {}, answer.roles.map((role) => h("option", { value: role, selected: role === chosen }, words(role))));
const newPassword = (answer: Accounts) => h("input", { type: "password", autocomplete: "new-password", required: true, minlength: answer.min_password_length, maxlength: 256 });

async function add(answer: Accounts): Promise<string | null> {
  const [actor, name, role, password, own] = [h("input", { required: true, maxlength: 64, pattern: "[a-z0-9][a-z0-9._@\\-]*", autocomplete: "off", autofocus: true, title: t("admin.people.account.hint") }), h("input", { maxlength: 100, autocomplete: "off" }), roles(answer, "radiologist"), newPassword(answer), ownPassword()];
  const fields = [field(`${t("admin.people.account")} (${t("admin.people.account.hint")})`, actor), field(t("admin.people.name"), name), field(t("admin.people.role"), role), field(t("admin.people.new", { length: answer.min_password_length }), password), field(t("admin.people.own"), own)];
  const done = await question(t("admin.people.add"), fields, t("admin.people.add"), () => send("POST", "/api/accounts", { body: { actor_id: actor.value, display_name: name.value, role: role.value, new_password: password.value, password: own.value } }));
  return done ? `${actor.value}, ${words(role.value)}` : null;
}

async function changeRole(account: Account, answer: Accounts): Promise<string | null> {
  const [role, own] = [roles(answer, account.role), ownPassword()];
  const title = t("admin.people.role.of", { name: visible(account.actor_id) });
  const done = await question(title, [h("p", { class: "muted" }, t("admin.people.role.ends")), field(t("admin.people.role"), role), field(t("admin.people.own"), own)], t("save"), () => send("PUT", address(account, "role"), { body: { role: role.value, password: own.value } }));
  return done ? `${account.actor_id}, ${words(role.value)}` : null;
}

async function changeSites(account: Account): Promise<string | null> {
  const [sites, own] = [h("input", { value: account.sites.join(", "), maxlength: 500, autocomplete: "off", autofocus: true }), ownPassword()];
  const title = t("admin.people.sites.of", { name: visible(account.actor_id) });
  const named = () => sites.value.split(",").map((each) => each.trim()).filter(Boolean);
  const done = await question(title, [h("p", { class: "muted" }, t("admin.people.role.ends")), field(t("admin.people.sites.hint"), sites), field(t("admin.people.own"), own)], t("save"), () => send("PUT", address(account, "sites"), { body: { sites: named(), password: own.value } }));
  return done ? title : null;
}

async function resetFactor(account: Account): Promise<string | null> {
  const [own, name] = [ownPassword(), visible(account.actor_id)];
  own.autofocus = true;
  let gone = false;
  const reset = async () => void (gone = (await send<{ done: boolean }>("POST", address(account, "second-factor/reset"), { body: { password: own.value } })).done);
  const done = await question(t("factor.reset.of", { name }), [h("p", { class: "muted" }, t("factor.reset.two")), field(t("admin.people.own"), own)], t("factor.reset.of", { name }), reset);
  return done ? t(gone ? "factor.reset.done" : "factor.reset.waits", { name }) : null;
}

async function link(account: Account, answer: Accounts): Promise<string | null> {
  const [subject, own] = [h("input", { required: true, maxlength: 255, autocomplete: "off", autofocus: true }), ownPassword()];
  const title = t("admin.people.link.of", { name: visible(account.actor_id), provider: visible(answer.provider) });
  const done = await question(title, [h("p", { class: "muted" }, t("admin.people.link.ends")), field(t("admin.people.link.subject"), subject), field(t("admin.people.own"), own)], t("save"), () => send("PUT", address(account, "identity"), { body: { subject: subject.value.trim(), password: own.value } }));
  return done ? title : null;
}

async function unlink(account: Account, answer: Accounts): Promise<string | null> {
  const own = ownPassword();
  const title = t("admin.people.unlink.of", { name: visible(account.actor_id), provider: visible(answer.provider) });
  const done = await question(title, [h("p", { class: "muted" }, t("admin.people.unlink.ends")), field(t("admin.people.own"), own)], t("save"), () => send("POST", address(account, "identity/unlink"), { body: { password: own.value } }));
  return done ? title : null;
}

async function endAll(account: Account): Promise<string | null> {
  return send("POST", address(account, "sessions/end")).then(() => t("admin.people.end_all.of", { name: visible(account.actor_id) }), (thrown) => (failed(thrown), null));
}

async function setDisabled(account: Account): Promise<string | null> {
  const own = ownPassword();
  const title = t(account.disabled ? "admin.people.enable.of" : "admin.people.disable.of", { name: visible(account.actor_id) });
  const done = await question(title, [h("p", { class: "muted" }, t("admin.people.role.ends")), field(t("admin.people.own"), own)], t(account.disabled ? "admin.people.enable" : "admin.people.disable"), () => send("PUT", address(account, "disabled"), { body: { disabled: !account.disabled, password: own.value } }));
  return done ? title : null;
}

async function changePassword(account: Account, answer: Accounts): Promise<string | null> {
  const [password, own] = [newPassword(answer), ownPassword()];
  const title = t("admin.people.password.of", { name: visible(account.actor_id) });
  const done = await question(title, [h("p", { class: "muted" }, t("admin.people.role.ends")), field(t("admin.people.new", { length: answer.min_password_length }), password), field(t("admin.people.own"), own)], t("save"), () => send("PUT", address(account, "password"), { body: { new_password: password.value, password: own.value } }));
  return done ? title : null;
}

const address = (account: Account, what: string) => `/api/accounts/${account.actor_id}/${what}`;
