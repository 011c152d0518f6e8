// Reports on storage commitment that neighbours asked for and have not heard: how many, since when, why, and calling once more.
import { failed, said, table } from "./admin_parts.ts";
import type { Commitment, OwedTotal } from "./answers/administration.ts";
import { get, problemOf, send } from "./api.ts";
import { counted, t } from "./catalogue.ts";
import { h, redraw } from "./dom.ts";
import { shortly, visible } from "./format.ts";

const LOOK_EVERY_MS = 5000;

// Looks again by itself: what is sent again is told, or put aside once more, within seconds.
export async function owedReports(place: HTMLElement): Promise<void> {
  await draw(place);
  const looking = setInterval(() => place.isConnected ? draw(place).catch((thrown) => place.replaceChildren(h("p", { class: "alert" }, t("admin.commitments.stale", { why: problemOf(thrown).message })))) : clearInterval(looking), LOOK_EVERY_MS);
}

async function draw(place: HTMLElement): Promise<void> {
  const { commitments } = await get<{ commitments: Commitment[] }>("/api/commitments", { background: true });
  const inHand = document.activeElement?.getAttribute("data-ae");
  redraw(place, commitments.length ? table(t("admin.commitments"), [t("admin.commitments.ae"), t("admin.commitments.owed"), t("admin.commitments.aside"), t("admin.why"), ""], commitments.map((each) => row(each, place))) : h("p", { class: "muted" }, t("admin.commitments.none")));
  if (inHand) ([...place.querySelectorAll<HTMLElement>("[data-ae]")].find((each) => each.dataset.ae === inHand) ?? place).focus();
}

function row(each: Commitment, place: HTMLElement): HTMLTableRowElement {
  const name = visible(each.ae_title);
  const again = async () => {
    try {
      const sent = await send<{ again: number }>("POST", "/api/commitments/again", { body: { ae_title: each.ae_title } });
      said(counted(sent.again, "admin.commitments.sent.one", "admin.commitments.sent.many", { name }));
    } catch (thrown) {
      failed(thrown);
    }
    await draw(place).catch(failed);
  };
  const why = visible(each.aside?.problem || each.owed?.problem || "");
  return h("tr", {}, h("td", {}, h("strong", {}, name)), h("td", {}, total(each.owed)), h("td", {}, each.aside && h("span", { class: "chip bad" }, total(each.aside))), h("td", {}, why),
    h("td", { class: "acts" }, each.aside && h("button", { "data-ae": each.ae_title, "aria-label": t("admin.commitments.again.of", { name }), onclick: again }, t("admin.commitments.again"))));
}

const total = (of: OwedTotal | null): string => (of ? t("admin.commitments.total", { count: of.reports, since: shortly(of.since) }) : "");
