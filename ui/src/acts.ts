// The dialogs behind what only a person may do: sign, amend, reject, settle a conflict.
import type { ReportWarning } from "./answers/reading.ts";
import type { Session } from "./answers/session.ts";
import type { Report } from "./answers/study.ts";
import { problemOf, send } from "./api.ts";
import { dialog, h } from "./dom.ts";
import { words } from "./format.ts";

// 21 CFR 11.50: the meaning of the signature is shown before and stored with it.
export function meaningFor(session: Session, report: Report): string {
  if (!session.acts.includes("sign")) return "I reviewed the images and wrote this preliminary report; a radiologist must still sign it";
  return report.version > 1 && report.amendment_reason ? "I reviewed the images and approve this amended report" : "I reviewed the images and approve this report as final";
}

type ToSign = { session: Session; report: Report; stored: Promise<number>; summary: string; warnings: Promise<ReportWarning[] | null>; accepted: string };

// Opens at once: the password that is typed next must not land in the report. `stored` is the entity tag of what is signed, once it is stored; it and the warnings may come later.
export function askToSign(studyKey: string, { session, report, stored, summary, warnings, accepted }: ToSign): Promise<Report | null> {
  const meaning = meaningFor(session, report);
  return dialog<Report>("Sign this report", (close) => {
    const password = h("input", { type: "password", id: "sign-password", autocomplete: "current-password", required: true, autofocus: true });
    const error = h("p", { class: "error", role: "alert" });
    const button = h("button", { class: "primary" }, "Sign");
    const told = h("div", { class: "before-signing", role: "alert", hidden: true });
    warnings.then((found) => {
      told.hidden = found?.length === 0;
      told.replaceChildren(...(found ? [h("strong", {}, "Look again before you sign"), h("ul", {}, found.map((each) => h("li", {}, each.says)))] : [h("strong", {}, "Contradictions could not be looked for in time.")]));
    });
    stored.catch((thrown: unknown) => (error.textContent = `Not saved: ${problemOf(thrown).message}`));
    const submit = async (event: Event) => {
      event.preventDefault();
      button.disabled = true;
      error.textContent = "";
      try {
        close(await send("POST", `/api/studies/${studyKey}/sign`, { body: { etag: await stored, meaning, password: password.value } }));
      } catch (thrown) {
        const problem = problemOf(thrown);
        error.textContent = problem.status === 412 ? "Somebody changed or signed this report meanwhile. Close this and look at it again." : problem.message;
        button.disabled = false;
        password.select();
      }
    };
    return h("form", { onsubmit: submit }, h("input", { autocomplete: "username", value: session.actor_id, hidden: true, readonly: true, "aria-hidden": "true", tabindex: -1 }),
      h("div", {}, h("p", { class: "muted" }, "Impression"), h("blockquote", {}, summary || "There is no impression. Write one before you sign, or sign the findings alone.")),
      told,
      accepted && h("p", { class: "muted" }, accepted),
      h("p", {}, h("span", { class: "muted" }, "You sign as "), h("strong", {}, session.display_name), h("span", { class: "muted" }, ", meaning: "), `“${meaning}”.`),
      h("div", {}, h("label", { for: "sign-password" }, "Your password, again"), password), error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "Not yet"), button));
  });
}

export function askToAmend(studyKey: string): Promise<Report | null> {
  return dialog<Report>("Amend the signed report", (close) => {
    const reason = h("textarea", { id: "amend-reason", rows: 3, maxlength: 500, required: true, autofocus: true });
    const submit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => (event.preventDefault(), attempt(event.currentTarget, close, () => send("POST", `/api/studies/${studyKey}/amend`, { body: { reason: reason.value } })));
    return h("form", { onsubmit: submit }, h("p", { class: "muted" }, "The signed version stays as it is. A new version opens with its text."),
      h("div", {}, h("label", { for: "amend-reason" }, "Reason, kept with the report"), reason), h("p", { class: "error", role: "alert" }),
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "Leave it signed"), h("button", { class: "primary" }, "Open a new version")));
  });
}

export function askToReject(studyKey: string, { etag, reasons }: { etag: number; reasons: string[] }): Promise<Report | null> {
  return dialog<Report>("Discard the AI draft", (close) => {
    const choice = h("select", { id: "reject-reason", autofocus: true }, reasons.map((each) => h("option", { value: each }, words(each))));
    const submit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => (event.preventDefault(), attempt(event.currentTarget, close, () => send("POST", `/api/studies/${studyKey}/reject`, { body: { etag, reason_code: choice.value } })));
    return h("form", { onsubmit: submit }, h("p", { class: "muted" }, "All text in this open version is removed, also what you changed. You write the report yourself; the reason goes to those who look after the model."),
      h("div", {}, h("label", { for: "reject-reason" }, "Why"), choice), h("p", { class: "error", role: "alert" }),
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "Keep the draft"), h("button", { class: "primary" }, "Discard it")));
  });
}

export function askAboutConflict(mine: string): Promise<"mine" | "theirs" | null> {
  return dialog<"mine" | "theirs">("This report changed somewhere else", (close) => h("div", { class: "stack" },
    h("p", {}, "It was saved or signed in another window since you opened it. Nothing of yours is lost: this is your text."),
    h("textarea", { rows: 8, readonly: true, "aria-label": "Your text" }, mine),
    h("div", { class: "actions" }, h("button", { onclick: () => close("theirs") }, "Use the other version"), h("button", { class: "primary", autofocus: true, onclick: () => close("mine") }, "Keep mine"))), { stay: true });
}

async function attempt<T>(form: HTMLFormElement, close: (done: T) => void, act: () => Promise<T>): Promise<void> {
  try {
    close(await act());
  } catch (thrown) {
    const error = form.querySelector(".error");
    if (error) error.textContent = problemOf(thrown).message;
  }
}
