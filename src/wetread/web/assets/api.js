// Every request to the server. A session that ended is renewed in place, then the request is sent again: nothing typed is lost.
let renewSession = () => Promise.reject(new Problem(401, { code: "not_signed_in", detail: "sign in first" }));

let renewals = 0;

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? "The server did not answer as expected.");
    this.status = status;
    this.code = body.code ?? "unknown";
  }
}

export function onSessionEnd(renew) {
  renewSession = renew;
}

export async function send(method, path, { body, etag, background = false, renew = true } = {}) {
  const headers = { "wetread-request": "1" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (etag !== undefined) headers["if-match"] = `"${etag}"`;
  if (background) headers["wetread-activity"] = "background";
  const before = renewals;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), redirect: "error" });
  } catch {
    throw new Problem(0, { code: "offline", detail: "The server cannot be reached." });
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401 && said.code === "not_signed_in" && renew) {
    if (renewals === before) await renewSession().then(() => (renewals += 1)); // else it was sent before somebody signed in again
    return send(method, path, { body, etag, background, renew: false });
  }
  throw new Problem(answer.status, said);
}

export const get = (path, options) => send("GET", path, options);

export async function film(path) {
  const answer = await fetch(path, { headers: { "wetread-request": "1" } }).catch(() => null);
  if (answer?.ok) return URL.createObjectURL(await answer.blob());
  const said = answer ? await answer.json().catch(() => ({})) : { detail: "The server cannot be reached." };
  throw new Problem(answer?.status ?? 0, said);
}
