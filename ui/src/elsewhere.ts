// Signing in at an identity provider, and proving there again who one is: in a window of its own, so that nothing typed here is lost.
import type { Errand, Returned } from "./answers/elsewhere.ts";
import { Problem, send } from "./api.ts";
import { t } from "./catalogue.ts";

export const CHANNEL = "wetread-elsewhere";
const WINDOW = "popup,width=560,height=720";
const LEFT_AFTER_MS = 3000; // the window closes, this one gets the focus: what it had to say has arrived by then
const LONGEST_MS = 300_000;

// Resolves with what `waited` finds in a message of that window. `open` opens it.
function away<T>(provider: string, open: () => Window | null, waited: (message: Returned) => T | null): Promise<T> {
  return new Promise((resolve, reject) => {
    const channel = new BroadcastChannel(CHANNEL);
    const over = new AbortController();
    const end = (problem?: string) => {
      over.abort();
      channel.close();
      if (problem) reject(new Problem(401, { code: "not_confirmed", detail: problem }));
    };
    channel.addEventListener("message", ({ data }: MessageEvent<Returned>) => {
      const found = waited(data);
      if (found === null) return;
      end();
      resolve(found);
    });
    const left = () => end(t("elsewhere.not_yet", { provider }));
    addEventListener("focus", () => setTimeout(() => over.signal.aborted || left(), LEFT_AFTER_MS), { signal: over.signal });
    setTimeout(() => over.signal.aborted || left(), LONGEST_MS);
    if (!open()) end(t("elsewhere.blocked", { provider }));
  });
}

// The second component of one request: what goes where a password would. The server binds it to this path and this body.
export async function confirmElsewhere(provider: string, target: string, body: object): Promise<string> {
  const { confirmation, number, url } = await send<Errand>("POST", "/api/confirmation", { body: { target, body } });
  return away(provider, () => window.open(url, "", WINDOW), (message) => ("confirmed" in message && message.confirmed === number ? confirmation : null));
}

export const signInElsewhere = (provider: string): Promise<true> => away(provider, () => window.open("/oidc/login?popup=1", "", WINDOW), (message) => ("signed_in" in message ? true : null));
