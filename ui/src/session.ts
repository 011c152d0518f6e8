// Who is signed in on this screen: signing in again in place, locking when nobody is there, saying what role may do what.
import type { Session } from "./answers/session.ts";
import type { Farewell } from "./answers/elsewhere.ts";
import { get, onConfirmation, onSessionEnd, problemOf, send } from "./api.ts";
import { byId, dialog, h, show } from "./dom.ts";
import { words } from "./format.ts";
import { codeInput } from "./second_factor.ts";
import { t } from "./catalogue.ts";
import { confirmElsewhere, signInElsewhere } from "./elsewhere.ts";

const RENEW_EVERY_MS = 120_000;
let session: Session | null = null;
let renewing: Promise<unknown> | null = null;
let lastActive = Date.now();
let lastRenewed = Date.now();
const beforeLock: (() => unknown)[] = [];
const onExpiry: (() => unknown)[] = [];

export const may = (act: string): boolean => session?.acts.includes(act) ?? false;
export function me(): Session {
  if (!session) throw new Error("nobody is signed in yet");
  return session;
}
// Run whenever the server says that the session is over, before anybody is asked to sign in: what these send is taken a little longer than the session.
export const runOnExpiry = (action: () => unknown) => onExpiry.push(action);
export const runBeforeLock = (action: () => unknown) => beforeLock.push(action);

export async function begin(): Promise<Session> {
  onSessionEnd(() => {
    for (const action of onExpiry) Promise.resolve(action()).catch(() => {}); // each time: a film asked for ahead may meet the end before what is typed does
    return (renewing ??= signInAgain(t("session.your_session_ended_sign_in")).finally(() => (renewing = null)));
  });
  session = await get<Session>("/api/session");
  if (session.owes_second_factor && location.pathname !== "/administration/account") location.replace("/administration/account");
  const { provider } = session;
  onConfirmation((target, body) => confirmElsewhere(provider, target, body));
  byId("who").textContent = `${session.display_name}, ${words(session.role)}`;
  show(byId("demo"), session.demo);
  byId("sign-out").addEventListener("click", signOut);
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel"]) addEventListener(kind, noteActivity, { passive: true, capture: true });
  setInterval(watchIdle, 1000);
  return session;
}

function noteActivity(): void {
  lastActive = Date.now();
  if (lastActive - lastRenewed < RENEW_EVERY_MS || renewing) return;
  lastRenewed = lastActive;
  get("/api/session").catch(() => {});
}

async function watchIdle(): Promise<void> {
  if (!session || renewing || Date.now() - lastActive < session.idle_s * 1000) return;
  renewing = lock().finally(() => (renewing = null));
}

async function lock(): Promise<void> {
  await Promise.allSettled(beforeLock.map((action) => action()));
  await send("POST", "/api/logout", { renew: false }).catch(() => {});
  await signInAgain(t("session.locked_after_a_while_without"));
}

// The step after the password: shown once the server asks for it.
export function askedForCode(thrown: unknown, step: HTMLElement, code: HTMLInputElement): void {
  if (!["second_factor_needed", "bad_second_factor"].includes(problemOf(thrown).code)) return;
  show(step, true);
  code.focus();
}

export function signInAgain(message: string): Promise<void> {
  document.body.classList.add("locked");
  const askElsewhere = (close: (done: boolean | null) => void) => {
    const provider = session?.provider ?? "";
    const error = h("p", { class: "error", role: "alert" });
    const go = async () => {
      error.textContent = "";
      try {
        await signInElsewhere(provider);
        const now = await get<Session>("/api/session", { renew: false });
        if (now.actor_id !== session?.actor_id) location.assign("/"); // somebody else: nothing of this page is theirs
        else close(true);
      } catch (thrown) {
        error.textContent = problemOf(thrown).message;
      }
    };
    return h("div", { class: "stack" }, h("p", {}, t("elsewhere.again", { provider })), error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => location.assign("/login") }, t("session.somebody_else")), h("button", { class: "primary", autofocus: true, onclick: go }, t("elsewhere.sign_in", { provider }))));
  };
  const ask = (close: (done: boolean | null) => void) => {
    const password = h("input", { type: "password", id: "again-password", autocomplete: "current-password", required: true, autofocus: true });
    const code = codeInput("again-code");
    const step = h("div", { hidden: true }, h("label", { for: "again-code" }, t("factor.step")), code);
    const error = h("p", { class: "error", role: "alert" });
    const submit = async (event: Event) => {
      event.preventDefault();
      error.textContent = "";
      try {
        await send("POST", "/api/login", { body: { actor_id: session?.actor_id ?? "", password: password.value, code: code.value }, renew: false });
        close(true);
      } catch (thrown) {
        askedForCode(thrown, step, code);
        error.textContent = problemOf(thrown).message;
        (step.hidden ? password : code).select();
      }
    };
    return h("form", { onsubmit: submit }, h("input", { autocomplete: "username", value: session?.actor_id ?? "", hidden: true, readonly: true, "aria-hidden": "true", tabindex: -1 }), h("p", {}, message), h("div", {}, h("label", { for: "again-password" }, t("session.password_of", { display_name: session?.display_name ?? t("session.your_account") })), password), step, error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => location.assign("/login") }, t("session.somebody_else")), h("button", { class: "primary" }, t("session.sign_in"))));
  };
  return dialog(t("session.sign_in_again"), session?.provider ? askElsewhere : ask, { stay: true, className: "lock" }).then(() => {
    document.body.classList.remove("locked");
    lastActive = lastRenewed = Date.now();
  });
}

async function signOut(): Promise<void> {
  await Promise.allSettled(beforeLock.map((action) => action()));
  const ended = session?.provider ? await send<Farewell>("POST", "/api/logout/elsewhere", { renew: false }).catch(() => null) : await send<null>("POST", "/api/logout", { renew: false }).catch(() => null);
  location.assign(ended?.url || "/login");
}
