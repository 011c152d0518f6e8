// Who is signed in on this screen: signing in again in place, locking when nobody is there, saying what role may do what.
import { get, onSessionEnd, send } from "./api.js";
import { byId, dialog, h, show } from "./dom.js";
import { words } from "./format.js";

const RENEW_EVERY_MS = 120_000;
let session = null;
let renewing = null;
let lastActive = Date.now();
let lastRenewed = Date.now();
const beforeLock = [];

export const may = (act) => session?.acts.includes(act) ?? false;
export const me = () => session;
export const runBeforeLock = (action) => beforeLock.push(action);

export async function begin() {
  onSessionEnd(() => (renewing ??= signInAgain("Your session ended. Sign in to go on; nothing you wrote is lost.").finally(() => (renewing = null))));
  session = await get("/api/session");
  byId("who").textContent = `${session.display_name}, ${words(session.role)}`;
  show(byId("demo"), session.demo);
  byId("sign-out").addEventListener("click", signOut);
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel"]) addEventListener(kind, noteActivity, { passive: true, capture: true });
  setInterval(watchIdle, 1000);
  return session;
}

function noteActivity() {
  lastActive = Date.now();
  if (lastActive - lastRenewed < RENEW_EVERY_MS || renewing) return;
  lastRenewed = lastActive;
  get("/api/session").catch(() => {});
}

async function watchIdle() {
  if (renewing || Date.now() - lastActive < session.idle_s * 1000) return;
  renewing = lock().finally(() => (renewing = null));
}

async function lock() {
  await Promise.allSettled(beforeLock.map((action) => action()));
  await send("POST", "/api/logout", { renew: false }).catch(() => {});
  await signInAgain("Locked after a while without use. Your text was saved.");
}

export function signInAgain(message) {
  document.body.classList.add("locked");
  const ask = (close) => {
    const password = h("input", { type: "password", id: "again-password", autocomplete: "current-password", required: true, autofocus: true });
    const error = h("p", { class: "error", role: "alert" });
    const submit = async (event) => {
      event.preventDefault();
      error.textContent = "";
      try {
        await send("POST", "/api/login", { body: { actor_id: session?.actor_id ?? "", password: password.value }, renew: false });
        close(true);
      } catch (problem) {
        error.textContent = problem.message;
        password.select();
      }
    };
    return h("form", { onsubmit: submit }, h("input", { autocomplete: "username", value: session?.actor_id ?? "", hidden: true, readonly: true, "aria-hidden": "true", tabindex: -1 }), h("p", {}, message), h("div", {}, h("label", { for: "again-password" }, `Password of ${session?.display_name ?? "your account"}`), password), error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => location.assign("/login") }, "Somebody else"), h("button", { class: "primary" }, "Sign in")));
  };
  return dialog("Sign in again", ask, { stay: true, className: "lock" }).then(() => {
    document.body.classList.remove("locked");
    lastActive = lastRenewed = Date.now();
  });
}

async function signOut() {
  await Promise.allSettled(beforeLock.map((action) => action()));
  await send("POST", "/api/logout", { renew: false }).catch(() => {});
  location.assign("/login");
}
