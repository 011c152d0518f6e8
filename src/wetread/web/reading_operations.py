"""The operations about how a person reads a study: a part of the table in `operation_table`."""

from wetread.domain.role import Act
from wetread.web import readers
from wetread.web.operations import Access, Handler, Operation
from wetread.web.schema import Schema
from wetread.web.studies import CONTENT_BODY

__all__ = ["READING_OPERATIONS"]

_STUDY = "/api/studies/{study_key}"


def _change(
    method: str,
    path: str,
    name: str,
    summary: str,
    handler: Handler,
    answers: str,
    body: Schema | None = None,
    *,
    status: int = 200,
    late: bool = False,
) -> Operation:
    return Operation(
        method, path, name, summary, handler, answers, act=Act.EDIT_DRAFT, access=Access.PERSON, body=body, status=status, late=late,
    )  # fmt: skip


READING_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/api/reader", "reader", "How I read: my mode, those I may choose, my macros.",
        readers.get_reader, "mode, allowed, site_mode, macros", act=Act.EDIT_DRAFT,
    ),
    _change("PUT", "/api/reader/mode", "choose_mode", "Read in another mode, from the next study on. Audited.", readers.choose_mode, "as `reader`", readers.MODE_BODY),
    _change("PUT", "/api/reader/macros", "keep_macros", "Keep my macros, in place of the earlier ones.", readers.keep_macros, "as `reader`", readers.MACROS_BODY),
    _change(
        "POST", _STUDY + "/findings", "commit_findings",
        "Commit what I see, once; then the AI is shown. From an adjudicator: the answers to a round. Audited.",
        readers.commit_findings, "the reading", readers.FINDINGS_BODY,
    ),
    _change("POST", _STUDY + "/reveal", "reveal_ai", "Show the AI without a commit: critical studies, and adjudicators who give up. Audited.", readers.reveal_ai, "the reading"),
    _change("POST", _STUDY + "/check", "check_report", "What in these words contradicts itself, the marks or the patient. Nothing is kept.", readers.check_report, "warnings with the words they rest on", CONTENT_BODY),
    _change("POST", _STUDY + "/seen", "note_seen", "The page showed this of the AI. Audited.", readers.note_seen, "nothing", readers.SEEN_BODY, status=204),
    _change("PUT", _STUDY + "/lock", "take_lock", "Take the study for writing or keep it; with a reason, from its holder. Audited when it changes hands.", readers.take_lock, "who holds it, and whether that is this screen", readers.LOCK_BODY),
    _change("DELETE", _STUDY + "/lock", "release_lock", "Give it back (header wetread-screen).", readers.release_lock, "nothing", status=204),
    _change("PUT", _STUDY + "/recovery", "keep_unsaved", "Keep text that could not be saved, for its author alone.", readers.keep_unsaved, "nothing", readers.RECOVERY_BODY, status=204, late=True),
    _change("DELETE", _STUDY + "/recovery", "drop_unsaved", "Drop my kept text.", readers.drop_unsaved, "nothing", status=204),
)  # fmt: skip
