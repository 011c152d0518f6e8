// Where a browser lands on its way back from the identity provider. The page itself goes on to where one wanted to be: so it is we who lead there, and the session's cookie (SameSite=Strict) comes along.
import type { Returned } from "./answers/elsewhere.ts";
import { t } from "./catalogue.ts";
import { byId } from "./dom.ts";
import { CHANNEL } from "./elsewhere.ts";
import { ownPage } from "./own_page.ts";

const asked = new URLSearchParams(location.search);
const confirmed = asked.get("confirmed");

function tell(message: Returned, words: string): void {
  new BroadcastChannel(CHANNEL).postMessage(message);
  byId("said").textContent = words;
  close(); // where the browser lets a page close itself
}

if (confirmed) tell({ confirmed }, t("elsewhere.confirmed"));
else if (asked.has("popup")) tell({ signed_in: true }, t("elsewhere.signed_in"));
else location.replace(ownPage(asked.get("next")));
