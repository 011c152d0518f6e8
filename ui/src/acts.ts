// The dialogs behind what only a person may do: sign, amend, reject, settle a conflict.
import type { ReportWarning } from "./answers/reading.ts";
import type { Session } from "./answers/session.ts";
import type { Report } from "./answers/study.ts";
import { problemOf, send } from "./api.ts";
import { dialog, h } from "./dom.ts";
import { words } from "./format.ts";
import { ownSecret, secretField } from "./second_component.ts";
import { t } from "./catalogue.ts";

// 21 CFR 11.50: the meaning of the signature is shown before and stored with it.
export function meaningFor(session: Session, report: Report): string {
  if (!session.acts.includes("sign")) return t("sign.i_reviewed_the_images_and");
  return report.version > 1 && report.amendment_reason ? t("sign.i_reviewed_the_images_and_2") : t("sign.i_reviewed_the_images_and_3");
}

type ToSign = { session: Session; report: Report; stored: Promise<number>; summary: string; warnings: Promise<ReportWarning[] | null>; accepted: string };

// Opens at once: the password that is typed next must not land in the report. `stored` is the entity tag of what is signed, once it is stored; it and the warnings may come later.
export function askToSign(studyKey: string, { session, report, stored, summary, warnings, accepted }: ToSign): Promise<Report | null> {
  const meaning = meaningFor(session, report);
  return dialog<Report>(t("sign.sign_this_report"), (close) => {
    const password = ownSecret({ id: "sign-password", autofocus: true });
    const error = h("p", { class: "error", role: "alert" });
    const button = h("button", { class: "primary", autofocus: Boolean(session.provider) }, t("sign.sign"));
    const told = h("div", { class: "before-signing", role: "alert", hidden: true });
    warnings.then((found) => {
      told.hidden = found?.length === 0;
      told.replaceChildren(...(found ? [h("strong", {}, t("sign.look_again_before_you_sign")), h("ul", {}, found.map((each) => h("li", {}, each.says)))] : [h("strong", {}, t("sign.contradictions_could_not_be_looked"))]));
    });
    stored.catch((thrown: unknown) => (error.textContent = t("sign.not_saved", { message: problemOf(thrown).message })));
    const submit = async (event: Event) => {
      event.preventDefault();
      button.disabled = true;
      error.textContent = "";
      try {
        close(await send("POST", `/api/studies/${studyKey}/sign`, { body: { etag: await stored, meaning, password: password.value } }));
      } catch (thrown) {
        const problem = problemOf(thrown);
        error.textContent = problem.status === 412 ? t("sign.somebody_changed_or_signed_this") : problem.message;
        button.disabled = false;
        password.select();
      }
    };
    return h("form", { onsubmit: submit }, h("input", { autocomplete: "username", value: session.actor_id, hidden: true, readonly: true, "aria-hidden": "true", tabindex: -1 }),
      h("div", {}, h("p", { class: "muted" }, t("sign.impression")), h("blockquote", {}, summary || t("sign.there_is_no_impression_write"))),
      told,
      accepted && h("p", { class: "muted" }, accepted),
      h("p", {}, h("span", { class: "muted" }, t("sign.you_sign_as")), h("strong", {}, session.display_name), h("span", { class: "muted" }, ", meaning: "), `“${meaning}”.`),
      secretField(t("sign.your_password_again"), password, true), error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("sign.not_yet")), button));
  });
}

export function askToAmend(studyKey: string): Promise<Report | null> {
  return dialog<Report>(t("sign.amend_the_signed_report"), (close) => {
    const reason = h("textarea", { id: "amend-reason", rows: 3, maxlength: 500, required: true, autofocus: true });
    const submit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => (event.preventDefault(), attempt(event.currentTarget, close, () => send("POST", `/api/studies/${studyKey}/amend`, { body: { reason: reason.value } })));
    return h("form", { onsubmit: submit }, h("p", { class: "muted" }, t("sign.the_signed_version_stays_as")),
      h("div", {}, h("label", { for: "amend-reason" }, t("sign.reason_kept_with_the_report")), reason), h("p", { class: "error", role: "alert" }),
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("sign.leave_it_signed")), h("button", { class: "primary" }, t("sign.open_a_new_version"))));
  });
}

export function askToReject(studyKey: string, { etag, reasons }: { etag: number; reasons: string[] }): Promise<Report | null> {
  return dialog<Report>(t("sign.discard_the_ai_draft"), (close) => {
    const choice = h("select", { id: "reject-reason", autofocus: true }, reasons.map((each) => h("option", { value: each }, words(each))));
    const submit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => (event.preventDefault(), attempt(event.currentTarget, close, () => send("POST", `/api/studies/${studyKey}/reject`, { body: { etag, reason_code: choice.value } })));
    return h("form", { onsubmit: submit }, h("p", { class: "muted" }, t("sign.all_text_in_this_open")),
      h("div", {}, h("label", { for: "reject-reason" }, t("sign.why")), choice), h("p", { class: "error", role: "alert" }),
      h("div", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, t("sign.keep_the_draft")), h("button", { class: "primary" }, t("sign.discard_it"))));
  });
}

export function askAboutConflict(mine: string): Promise<"mine" | "theirs" | null> {
  return dialog<"mine" | "theirs">(t("sign.this_report_changed_somewhere_else"), (close) => h("div", { class: "stack" },
    h("p", {}, t("sign.it_was_saved_or_signed")),
    h("textarea", { rows: 8, readonly: true, "aria-label": t("sign.your_text") }, mine),
    h("div", { class: "actions" }, h("button", { onclick: () => close("theirs") }, t("sign.use_the_other_version")), h("button", { class: "primary", autofocus: true, onclick: () => close("mine") }, t("sign.keep_mine")))), { stay: true });
}

async function attempt<T>(form: HTMLFormElement, close: (done: T) => void, act: () => Promise<T>): Promise<void> {
  try {
    close(await act());
  } catch (thrown) {
    const error = form.querySelector(".error");
    if (error) error.textContent = problemOf(thrown).message;
  }
}
