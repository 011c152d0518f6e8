// Work that failed for good: which, why, and putting it back one by one or all of a stage.
import { said, failed, empty, table } from "./admin_parts.ts";
import type { DeadLetter, DeadLetters, Retried } from "./answers/administration.ts";
import { get, send } from "./api.ts";
import { counted, t } from "./catalogue.ts";
import { h, redraw } from "./dom.ts";
import { visible, words } from "./format.ts";
import { may } from "./session.ts";

export async function work(place: HTMLElement): Promise<void> {
  const answer = await get<DeadLetters>("/api/dead-letters", { background: true });
  const kinds = [...new Set(answer.dead.map((each) => each.kind))];
  const retry = async (jobs: DeadLetter[]) => {
    try {
      const { retried } = await send<Retried>("POST", "/api/dead-letters/retry", { body: { jobs: jobs.map((each) => each.job) } });
      said(counted(retried.length, "admin.work.retried.one", "admin.work.retried.many"));
    } catch (thrown) {
      failed(thrown);
    }
    await work(place);
  };
  if (!answer.dead.length) return place.replaceChildren(empty(t("admin.work.none"), t("admin.work.none.more")));
  const total = answer.total > answer.dead.length ? t("admin.work.total", { count: answer.total, shown: answer.dead.length }) : counted(answer.total, "admin.work.one", "admin.work.many");
  const all = kinds.map((kind) => [kind, answer.dead.filter((each) => each.kind === kind)] as const).filter(([, jobs]) => jobs.length > 1);
  const inHand = document.activeElement?.getAttribute("data-job");
  redraw(place, h("div", { class: "admin" },
    h("div", { class: "bar" }, h("strong", {}, total), all.map(([kind, jobs]) => h("button", { onclick: () => retry(jobs) }, t("admin.work.retry.kind", { kind: words(kind), count: jobs.length })))),
    table(t("admin.work"), [t("admin.study"), t("admin.work.stage"), t("admin.work.tries"), t("admin.why"), ""], answer.dead.map((each) => row(each, retry)))));
  place.querySelector<HTMLElement>(`[data-job="${inHand}"]`)?.focus();
}

function row(dead: DeadLetter, retry: (jobs: DeadLetter[]) => unknown): HTMLTableRowElement {
  const study = may("read_study") ? h("a", { href: `/studies/${dead.study_key}` }, dead.study_key) : dead.study_key;
  return h("tr", {}, h("td", { class: "mono" }, study), h("td", {}, words(dead.kind), dead.detail && h("div", { class: "muted" }, visible(dead.detail))), h("td", {}, dead.attempts), h("td", {}, visible(dead.reason)),
    h("td", { class: "acts" }, h("button", { "data-job": dead.job, onclick: () => retry([dead]) }, t("admin.work.retry"), h("span", { class: "visually-hidden" }, ` ${words(dead.kind)} ${dead.study_key}`))));
}
