import { problemOf, send } from "./api.ts";
import { byId } from "./dom.ts";
import { ownPage } from "./own_page.ts";
import { offerElsewhere } from "./sign_in_elsewhere.ts";
import { askedForCode } from "./session.ts";

const target = ownPage(new URLSearchParams(location.search).get("next"));

offerElsewhere(target);

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("error").textContent = "";
  byId("submit", HTMLButtonElement).disabled = true;
  try {
    await send("POST", "/api/login", { body: { actor_id: byId("actor", HTMLInputElement).value.trim(), password: byId("password", HTMLInputElement).value, code: byId("code", HTMLInputElement).value }, renew: false });
    location.replace(target);
  } catch (thrown) {
    askedForCode(thrown, byId("step"), byId("code", HTMLInputElement));
    byId("error").textContent = problemOf(thrown).message;
    byId("submit", HTMLButtonElement).disabled = false;
    byId(byId("step").hidden ? "password" : "code", HTMLInputElement).select();
  }
});
