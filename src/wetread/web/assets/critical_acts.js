// The dialogs behind what a person does to a critical result. What is typed stays in the dialog until the server has it.
import { get, Problem, send } from "./api.js";
import { HOW, holder, REASONS, stateWords, wasFaster } from "./critical_words.js";
import { dialog, h } from "./dom.js";
import { personName, visible } from "./format.js";
import { may } from "./session.js";

export const ACTS = {
  acknowledge: { key: "a", label: "Acknowledge", from: ["open", "notified"] },
  communicate: { key: "t", label: "Communicated", from: ["acknowledged"] },
  close: { key: "x", label: "Close", from: ["acknowledged", "communicated"] },
  release: { key: "b", label: "Hand back", from: ["acknowledged"] },
};
const TRIES = 4;
let open = null; // the result a dialog is about, and how to tell it that somebody was faster

export const applies = (name, result) => may("acknowledge_critical") && ACTS[name].from.includes(result.state);

// The server's newest view: an open dialog says at once when its result was taken by somebody else.
export function tellDialog(results) {
  if (!open) return;
  const now = results.find((each) => each.critical_key === open.result.critical_key);
  if (now && !unchanged(open.name, open.result, now)) open.say(wasFaster(now, open.result));
}

export async function ask(name, result) {
  const dialogs = { acknowledge: askToAcknowledge, communicate: askToCommunicate, close: askToClose, release: askToRelease };
  try {
    return await dialogs[name](result);
  } finally {
    open = null;
  }
}

// The pager counts its steps on the same row: an act whose ground has not changed is sent again with the new tag.
async function attempt(name, result, body) {
  const address = `/api/criticals/${result.critical_key}`;
  let etag = result.etag;
  for (let tried = 1; ; tried += 1) {
    try {
      return await send("POST", `${address}/${name}`, { body: { ...body, etag } });
    } catch (problem) {
      if (![409, 412].includes(problem.status)) throw problem;
      const now = await get(address, { background: true });
      if (!unchanged(name, result, now)) throw new Problem(problem.status, { detail: `${wasFaster(now, result)} Nothing of yours was sent.` });
      if (tried === TRIES) throw problem;
      etag = now.etag;
    }
  }
}

// Also what it is about: nobody acknowledges a finding that came after they had read the result.
const unchanged = (name, before, now) => before.reason === now.reason && ACTS[name].from.includes(now.state) && ["acknowledgement", "communication"].every((act) => before[act]?.actor_id === now[act]?.actor_id && before[act]?.acknowledged_at === now[act]?.acknowledged_at);

function about(result) {
  const who = result.patient_name === undefined ? null : h("span", {}, personName(result.patient_name), h("span", { class: "muted mono" }, `  ${visible(result.patient_id)}  acc. ${visible(result.accession_number)}`));
  return h("div", { class: "about" }, h("strong", {}, visible(result.reason)), who, h("span", { class: "muted" }, [`site ${visible(result.site)}, ${stateWords(result)}`, holder(result)].filter(Boolean).join("; ")));
}

function form(name, title, result, { fields, body, back, go }) {
  return dialog(title, (close) => {
    const error = h("p", { class: "error", role: "alert" });
    const button = h("button", { class: "primary" }, go);
    const submit = async (event) => {
      event.preventDefault();
      button.disabled = true;
      error.textContent = "";
      try {
        close(await attempt(name, result, body()));
      } catch (problem) {
        error.textContent = problem.status === 0 ? "The server cannot be reached: nothing was sent. Your words stay here; try again." : problem.message;
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
function area(id, attributes) {
  return h("textarea", { id, rows: 2, maxlength: 500, minlength: 3, onkeydown: (event) => event.key === "Enter" && !event.shiftKey && !event.ctrlKey && (event.preventDefault(), event.currentTarget.form.requestSubmit()), ...attributes });
}

function askToAcknowledge(result) {
  const text = area("read-back", { required: true, autofocus: true, placeholder: "What the finding is, which side, whose film" });
  return form("acknowledge", "Acknowledge this critical result", result, {
    fields: [h("p", {}, "It is yours from now on: paging stops, and you tell somebody who can act on it."), h("div", {}, h("label", { for: "read-back" }, "Read back, in your own words"), text)],
    body: () => ({ read_back: text.value }), back: "Not I", go: "Acknowledge",
  });
}

function askToCommunicate(result) {
  const whom = h("input", { id: "to-whom", required: true, minlength: 3, maxlength: 500, autofocus: true, autocomplete: "off", placeholder: "Name and role, for example Dr Sato, ED" });
  const choice = (group, value, says) => h("label", { class: "choice" }, h("input", { type: "radio", name: group, value, required: true }), says);
  const ways = h("fieldset", {}, h("legend", {}, "How"), Object.entries(HOW).map(([value, says]) => choice("how", value, says)));
  const echo = h("fieldset", {}, h("legend", {}, "Did they read it back correctly?"), choice("echo", "yes", "yes"), choice("echo", "no", "no, or not asked"));
  const chosen = (group) => group.querySelector("input:checked").value;
  return form("communicate", "Whom did you tell?", result, {
    fields: [h("div", {}, h("label", { for: "to-whom" }, "To whom"), whom), ways, echo],
    body: () => ({ to_whom: whom.value, how: chosen(ways), read_back_confirmed: chosen(echo) === "yes" }), back: "Not yet", go: "Communicated",
  });
}

function askToClose(result) {
  const told = result.communication !== null;
  const reasons = Object.keys(REASONS).filter((each) => (each === "communicated") === told);
  const reason = h("select", { id: "close-reason", required: true, autofocus: true }, told ? null : h("option", { value: "" }, "choose"), reasons.map((each) => h("option", { value: each }, REASONS[each])));
  const note = area("close-note", told ? { minlength: undefined } : { required: true });
  return form("close", told ? "Close this critical result" : "Close it although nobody was told", result, {
    fields: [h("div", {}, h("label", { for: "close-reason" }, "Reason"), reason), h("div", {}, h("label", { for: "close-note" }, told ? "Note, if there is something to add" : "Why nobody needs to be told"), note)],
    body: () => ({ reason: reason.value, note: note.value }), back: "Leave it open", go: "Close it",
  });
}

function askToRelease(result) {
  return form("release", "Hand it back", result, {
    fields: h("p", {}, "The next person is paged at once. The time to tell somebody runs on."),
    body: () => ({}), back: "Keep it", go: "Hand it back",
  });
}
