import { problemOf, send } from "./api.ts";
import { byId } from "./dom.ts";

const next = new URLSearchParams(location.search).get("next") ?? "/";
const target = /^\/((studies|film)\/[a-z2-7]{24}|criticals|identity|alarms|roster|quality|administration(?:\/[a-z]+)?)?$/.test(next) ? next : "/";

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("error").textContent = "";
  byId("submit", HTMLButtonElement).disabled = true;
  try {
    await send("POST", "/api/login", { body: { actor_id: byId("actor", HTMLInputElement).value.trim(), password: byId("password", HTMLInputElement).value }, renew: false });
    location.replace(target);
  } catch (thrown) {
    byId("error").textContent = problemOf(thrown).message;
    byId("submit", HTMLButtonElement).disabled = false;
    byId("password", HTMLInputElement).select();
  }
});
