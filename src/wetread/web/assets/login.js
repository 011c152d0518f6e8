import { send } from "./api.js";
import { byId } from "./dom.js";

const next = new URLSearchParams(location.search).get("next") ?? "/";
const target = /^\/(studies\/[a-z2-7]{24}|criticals|alarms|roster|quality)?$/.test(next) ? next : "/";

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("error").textContent = "";
  byId("submit").disabled = true;
  try {
    await send("POST", "/api/login", { body: { actor_id: byId("actor").value.trim(), password: byId("password").value }, renew: false });
    location.replace(target);
  } catch (problem) {
    byId("error").textContent = problem.message;
    byId("submit").disabled = false;
    byId("password").select();
  }
});
