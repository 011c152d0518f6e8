// The dialogs behind what a person does to a critical result. What is typed stays in the dialog until the server has it.
import type { CriticalDetail, CriticalResult } from "./answers/criticals.ts";
import { get, Problem, problemOf, send } from "./api.ts";
import { HOW, holder, REASONS, stateWords, wasFaster } from "./critical_words.ts";
import { type Child, dialog, h } from "./dom.ts";
import { personName, visible } from "./format.ts";
import { may } from "./session.ts";
import { t } from "./catalogue.ts";

export type ActName = "acknowledge" | "communicate" | "close" | "release";
type Done = Promise<CriticalResult | null>;
export const ACTS: Record<ActName, { key: string; label: string; from: CriticalResult["state"][] }> = {
  acknowledge: { key: "a", label: t("act.acknowledge"), from: ["open", "notified"] },
  communicate: { key: "t", label: t("act.communicated"), from: ["acknowledged"] },
  close: { key: "x", label: t("act.close"), from: ["acknowledged", "communicated"] },
  release: { key: "b", label: t("act.hand_back"), from: ["acknowledged"] },
};
const TRIES = 4;
let open: { name: ActName; result: CriticalResult; say: (text: string) => void } | null = null; // the result a dialog is about, and how to tell it that somebody was faster

export const applies = (name: ActName, result: CriticalResult): boolean => may("acknowledge_critical") && ACTS[name].from.includes(result.state);

// The server's newest view: an open dialog says at once when its result was taken by somebody else.
export function tellDialog(results: CriticalResult[]): void {
  const shown = open;
  if (!shown) return;
  const now = results.find((each) => each.critical_key === shown.result.critical_key);
  if (now && !unchanged(shown.name, shown.result, now)) shown.say(wasFaster(now, shown.result));
}

export async function ask(name: ActName, result: CriticalResult): Done {
  const dialogs = { acknowledge: askToAcknowledge, communicate: askToCommunicate, close: askToClose, release: askToRelease };
  try {
    return await dialogs[name](result);
  } finally {
    open = null;
  }
}

// The pager counts its steps on the same row: an act whose ground has not changed is sent again with the new tag.
async function attempt(name: ActName, result: CriticalResult, body: object): Promise<CriticalResult> {
  const address = `/api/criticals/${result.critical_key}`;
  let etag = result.etag;
  for (let tried = 1; ; tried += 1) {
    try {
      return await send("POST", `${address}/${name}`, { body: { ...body, etag } });
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (![409, 412].includes(problem.status)) throw problem;
      const now = await get<CriticalDetail>(address, { background: true });
      if (!unchanged(name, result, now)) throw new Problem(problem.status, { detail: t("act.nothing_of_yours_was_sent", { result: wasFaster(now, result) }) });
      if (tried === TRIES) throw problem;
      etag = now.etag;
    }
  }
}

// Also what it is about: nobody acknowledges a finding that came after they had read the result.
const unchanged = (name: ActName, before: CriticalResult, now: CriticalResult): boolean => before.reason === now.reason && ACTS[name].from.includes(now.state) && before.acknowledgement?.actor_id === now.acknowledgement?.actor_id && before.acknowledgement?.acknowledged_at === now.acknowledgement?.acknowledged_at && before.communication?.actor_id === now.communication?.actor_id;

function about(result: CriticalResult): HTMLElement {
  const who = result.patient_name === undefined ? null : h("span", {}, personName(result.patient_name), h("span", { class: "muted mono" }, `  ${visible(result.patient_id)}  acc. ${visible(result.accession_number)}`));
  return h("div", { class: "about" }, h("strong", {}, visible(result.reason)), who, h("span", { class: "muted" }, [t("act.site", { site: visible(result.site), result: stateWords(result) }), holder(result)].filter(Boolean).join("; ")));
}

type Form = { fields: Child; body: () => object; back: string; go: string };

function form(name: ActName, title: string, result: CriticalResult, { fields, body, back, go }: Form): Done {
  return dialog<CriticalResult>(title, (close) => {
    const error = h("p", { class: "error", role: "alert" });
    const button = h("button", { class: "primary" }, go);
    const submit = async (event: Event) => {
      event.preventDefault();
      button.disabled = true;
      error.textContent = "";
      try {
        close(await attempt(name, result, body()));
      } catch (thrown) {
        const problem = problemOf(thrown);
        error.textContent = problem.status === 0 ? t("act.the_server_cannot_be_reached") : problem.message;
        button.disabled = false;
        button.focus();
      }
    };
    open = { name, result, say: (text) => (error.textContent = text) };
    return h("form", { onsubmit: submit, onkeydown: (event) => event.ctrlKey && event.key === "Enter" && event.currentTarget.requestSubmit() }, about(result), fields, error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, back), button));
  });
}

// A text area in which Enter sends and Shift Enter breaks the line.
function area(id: string, attributes: Record<string, string | boolean | undefined>): HTMLTextAreaElement {
  return h("textarea", { id, rows: 2, maxlength: 500, minlength: 3, onkeydown: (event) => event.key === "Enter" && !event.shiftKey && !event.ctrlKey && (event.preventDefault(), event.currentTarget.form?.requestSubmit()), ...attributes });
}

function askToAcknowledge(result: CriticalResult): Done {
  const text = area("read-back", { required: true, autofocus: true, placeholder: t("act.what_the_finding_is_which") });
  return form("acknowledge", t("act.acknowledge_this_critical_result"), result, {
    fields: [h("p", {}, t("act.it_is_yours_from_now")), h("div", {}, h("label", { for: "read-back" }, t("act.read_back_in_your_own")), text)],
    body: () => ({ read_back: text.value }), back: t("act.not_i"), go: t("act.acknowledge"),
  });
}

function askToCommunicate(result: CriticalResult): Done {
  const whom = h("input", { id: "to-whom", required: true, minlength: 3, maxlength: 500, autofocus: true, autocomplete: "off", placeholder: t("act.name_and_role_for_example") });
  const choice = (group: string, value: string, says: string) => h("label", { class: "choice" }, h("input", { type: "radio", name: group, value, required: true }), says);
  const ways = h("fieldset", {}, h("legend", {}, t("act.how")), Object.entries(HOW).map(([value, says]) => choice("how", value, says)));
  const echo = h("fieldset", {}, h("legend", {}, t("act.did_they_read_it_back")), choice("echo", "yes", "yes"), choice("echo", "no", t("act.no_or_not_asked")));
  const chosen = (group: HTMLElement) => group.querySelector<HTMLInputElement>("input:checked")?.value;
  return form("communicate", t("act.whom_did_you_tell"), result, {
    fields: [h("div", {}, h("label", { for: "to-whom" }, t("act.to_whom")), whom), ways, echo],
    body: () => ({ to_whom: whom.value, how: chosen(ways), read_back_confirmed: chosen(echo) === "yes" }), back: t("act.not_yet"), go: t("act.communicated"),
  });
}

function askToClose(result: CriticalResult): Done {
  const told = result.communication !== null;
  const reasons = Object.keys(REASONS).filter((each) => (each === "communicated") === told);
  const reason = h("select", { id: "close-reason", required: true, autofocus: true }, told ? null : h("option", { value: "" }, "choose"), reasons.map((each) => h("option", { value: each }, REASONS[each])));
  const note = area("close-note", told ? { minlength: undefined } : { required: true });
  return form("close", told ? t("act.close_this_critical_result") : t("act.close_it_although_nobody_was"), result, {
    fields: [h("div", {}, h("label", { for: "close-reason" }, t("act.reason")), reason), h("div", {}, h("label", { for: "close-note" }, told ? t("act.note_if_there_is_something") : t("act.why_nobody_needs_to_be")), note)],
    body: () => ({ reason: reason.value, note: note.value }), back: t("act.leave_it_open"), go: t("act.close_it"),
  });
}

function askToRelease(result: CriticalResult): Done {
  return form("release", t("act.hand_it_back"), result, {
    fields: h("p", {}, t("act.the_next_person_is_paged")),
    body: () => ({}), back: t("act.keep_it"), go: t("act.hand_it_back"),
  });
}
