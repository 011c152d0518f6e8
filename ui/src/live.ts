// Something changed on the server: call back, at most once per pause, and say whether the line is up.
const PAUSE_MS = 1500;
const FALLBACK_MS = 15_000;

type Refresh = () => Promise<unknown>;
type Say = (up: boolean) => void;

export function follow(refresh: Refresh, say: Say): void {
  let due = false;
  let busy = false;
  const run = async () => {
    if (busy) return void (due = true);
    busy = true;
    due = false;
    await refresh().then(() => say(true), () => say(false));
    setTimeout(() => {
      busy = false;
      if (due) run();
    }, PAUSE_MS);
  };
  const source = new EventSource("/api/events");
  source.addEventListener("change", run);
  source.addEventListener("signed-out", run);
  source.addEventListener("error", () => say(false));
  setInterval(() => source.readyState !== EventSource.OPEN && run(), FALLBACK_MS);
  addEventListener("pagehide", () => source.close());
}

// As `follow`; a role that may not listen to the worklist asks again by itself.
export function followRoom(refresh: Refresh, say: Say, listens: boolean): void {
  if (listens) return follow(refresh, say);
  setInterval(() => refresh().then(() => say(true), () => say(false)), FALLBACK_MS);
}
