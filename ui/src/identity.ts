// Whose film is it? Every open doubt about a patient, those that stop a signature first; what film and order say is fetched, and noted in the audit, only for the one that is opened.
import type { Hold } from "./answers/identity.ts";
import { get, problemOf } from "./api.ts";
import { byId, h, inFocus } from "./dom.ts";
import { shortly, waited } from "./format.ts";
import { IdentityHolds, TITLES } from "./identity_holds.ts";
import { type Binding, listen, sheet } from "./keys.ts";
import { followRoom } from "./live.ts";
import { Masthead, roomBindings } from "./masthead.ts";
import { begin, may } from "./session.ts";
import { CriticalStrip, sign } from "./strip.ts";
import { t } from "./catalogue.ts";

const DIFFERS: Record<string, string> = { name: t("hold.name"), birth_date: t("hold.born"), sex: t("hold.sex"), patient_id: t("hold.number"), issuer_of_patient_id: t("hold.issuer"), nothing_in_common: t("doubt.nothing_in_common") };
const opened = new Map<string, IdentityHolds>(); // what is being compared, by study: it stays while the list around it is drawn anew
const places = new Map<string, HTMLElement>();

let drawn = "";
let last: Promise<unknown> = Promise.resolve();

// One after the other: an answer and a word of the server come together, and an older list must not be drawn over a newer one.
function refresh(): Promise<void> {
  const next = last.then(renew, renew);
  last = next;
  return next;
}

async function renew(): Promise<void> {
  const inHand = studyInHand(); // the button that was pressed may be gone before the list is drawn
  await masthead.refresh();
  const { holds } = await get<{ holds: Hold[] }>("/api/identity-holds", { background: true });
  const studies = [...new Set([...holds].sort((one, other) => Number(other.stops_signing) - Number(one.stops_signing)).map((each) => each.study_key))];
  for (const key of opened.keys()) if (!studies.includes(key)) forget(key);
  await Promise.all([...opened.values()].map((each) => each.refresh()));
  draw(studies.map((key) => holds.filter((each) => each.study_key === key)), document.activeElement === document.body ? inHand : studyInHand());
}

const studyInHand = (): string | undefined => inFocus("[data-study]")?.dataset.study;

function forget(key: string): void {
  opened.delete(key);
  places.delete(key);
}

function draw(studies: Hold[][], inHand: string | undefined): void {
  const now = JSON.stringify(studies.map((holds) => [holds, ageOf(holds)]));
  const button = document.activeElement?.matches?.(".identity button") ? document.activeElement : null;
  if (now !== drawn) byId("list").replaceChildren(studies.length ? h("ul", { class: "items" }, studies.map(item)) : h("div", { class: "empty" }, h("strong", {}, t("doubt.none")), h("span", {}, t("doubt.none_more"))));
  drawn = now;
  const stopped = studies.filter((holds) => holds.some((each) => each.stops_signing)).length;
  masthead.count("Identity", studies.length, stopped > 0, t("doubt.open_of_which_stop", { studies: studies.length, stopped }));
  if (button instanceof HTMLElement && button.isConnected) return button.focus();
  if (inHand && document.activeElement === document.body) (byId("list").querySelector<HTMLElement>(`[data-study="${inHand}"] summary`) ?? summaries()[0])?.focus();
}

const ageOf = ([first]: Hold[]): string => waited(first?.opened_at ?? "", new Date());

function item(holds: Hold[]): HTMLElement {
  const [first] = holds;
  const key = first?.study_key ?? "";
  const stops = holds.some((each) => each.stops_signing);
  const place = places.get(key) ?? h("div", { class: "identity", hidden: true });
  const differs = [...new Set(holds.flatMap((each) => each.differs))].map((each) => DIFFERS[each] ?? each).join(", ");
  const toggle = async (event: Event & { currentTarget: HTMLDetailsElement }) => {
    if (!event.currentTarget.open) return forget(key);
    if (opened.has(key)) return;
    places.set(key, place);
    const compared = new IdentityHolds(`/api/studies/${key}`, place, refresh);
    opened.set(key, compared);
    await compared.refresh().catch((thrown) => place.replaceChildren(h("p", { class: "error" }, problemOf(thrown).message)));
  };
  return h("li", { class: `item ${stops ? "overdue" : ""}`, "data-study": key },
    h("details", { open: opened.has(key), ontoggle: toggle },
      h("summary", {}, stops && sign(true), h("strong", {}, [...new Set(holds.map((each) => TITLES[each.kind]))].join("; ")), differs && h("span", { class: "muted" }, t("doubt.differs", { differs })), h("span", { class: "muted" }, t("doubt.since", { waited: ageOf(holds), since: shortly(first?.opened_at ?? "") })), stops && h("span", { class: "chip bad" }, t("doubt.stops")), holds.some((each) => each.answer === "wrong_patient") && h("span", { class: "chip bad" }, t("doubt.wrong"))),
      place),
    h("div", { class: "acts" }, h("a", { class: "button", href: `/studies/${key}`, "aria-label": t("doubt.open_study", { study: key.slice(0, 8) }) }, t("doubt.open"))));
}

const summaries = (): HTMLElement[] => [...byId("list").querySelectorAll<HTMLElement>("summary")];

function step(by: number): void {
  const all = summaries();
  const at = all.findIndex((each) => each === document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))]?.focus();
}

await begin();
const strip = may("see_worklist") ? new CriticalStrip() : null;
const masthead = new Masthead(strip);
const moves: Binding[] = [{ keys: ["ArrowDown", "j"], says: t("doubt.next"), run: () => step(1) }, { keys: ["ArrowUp", "k"], says: t("doubt.previous"), run: () => step(-1) }];
const bindings = [...moves, ...(strip?.bindings ?? []), ...roomBindings()];
byId("keys").addEventListener("click", () => sheet(bindings));
listen(bindings);
await refresh().then(() => masthead.say(true), (thrown) => byId("list").replaceChildren(h("p", { class: "alert" }, problemOf(thrown).message)));
followRoom(refresh, (up) => masthead.say(up), may("see_worklist"));
