// Every request to the server. A session that ended is renewed in place, then the request is sent again: nothing typed is lost.
import { t } from "./catalogue.ts";
let renewSession = (): Promise<unknown> => Promise.reject(new Problem(401, { code: "not_signed_in", detail: t("server.sign_in_first") }));

let confirmAct = (_target: string, _body: object): Promise<string> => Promise.reject(new Problem(401, { code: "not_confirmed", detail: t("server.sign_in_first") }));

let renewals = 0;

// Stands where a password would for who signs in elsewhere (no password is that short): the request waits until they proved there who they are.
export const ELSEWHERE = "elsewhere";

// The name that this page gave itself: two tabs of one person are two screens (a study is written on one at a time).
export const screenName = [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");

export class Problem extends Error {
  readonly code: string;

  constructor(
    readonly status: number,
    body: { code?: string; detail?: string },
  ) {
    super(body.detail ?? t("server.the_server_did_not_answer"));
    this.code = body.code ?? "unknown";
  }
}

// What was thrown, as a problem: a fault of our own has no status.
export const problemOf = (thrown: unknown): Problem => (thrown instanceof Problem ? thrown : new Problem(-1, { detail: thrown instanceof Error ? thrown.message : String(thrown) }));

export function onSessionEnd(renew: () => Promise<unknown>): void {
  renewSession = renew;
}

export function onConfirmation(confirm: (target: string, body: object) => Promise<string>): void {
  confirmAct = confirm;
}

export type Asked = { body?: object; etag?: number; background?: boolean; renew?: boolean };

// The answer is the server's contract's: its shape is what `src/answers` says of that path.
export async function send<Answer>(method: string, path: string, { body, etag, background = false, renew = true }: Asked = {}): Promise<Answer> {
  const headers: Record<string, string> = { "wetread-request": "1", "wetread-screen": screenName };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (etag !== undefined) headers["if-match"] = `"${etag}"`;
  if (background) headers["wetread-activity"] = "background";
  if (body && "password" in body && body.password === ELSEWHERE) {
    const { password: _, ...act } = body;
    body = { ...act, password: await confirmAct(`${method} ${path}`, act) };
  }
  const before = renewals;
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), redirect: "error" });
  } catch {
    throw new Problem(0, { code: "offline", detail: t("server.the_server_cannot_be_reached") });
  }
  if (answer.ok) return answer.status === 204 ? (null as Answer) : answer.json();
  const said: { code?: string; detail?: string } = await answer.json().catch(() => ({}));
  if (answer.status === 401 && said.code === "not_signed_in" && renew) {
    if (renewals === before) await renewSession().then(() => (renewals += 1)); // else it was sent before somebody signed in again
    return send(method, path, { body, etag, background, renew: false });
  }
  throw new Problem(answer.status, said);
}

export const get = <Answer>(path: string, asked?: Asked): Promise<Answer> => send("GET", path, asked);

export async function film(path: string): Promise<string> {
  const answer = await fetch(path, { headers: { "wetread-request": "1" } }).catch(() => null);
  if (answer?.ok) return URL.createObjectURL(await answer.blob());
  const said: { code?: string; detail?: string } = answer ? await answer.json().catch(() => ({})) : { detail: t("server.the_server_cannot_be_reached") };
  throw new Problem(answer?.status ?? 0, said);
}
