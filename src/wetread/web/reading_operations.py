"""The operations about how a person reads a study: a part of the table in `operation_table`."""

from wetread.domain.role import Act
from wetread.web import marks_view, readers
from wetread.web.operations import Operation, by_person
from wetread.web.studies import CONTENT_BODY, keep_report

__all__ = ["READING_OPERATIONS"]

_STUDY = "/api/studies/{study_key}"

READING_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/api/reader", "reader", "How I read: my mode, those I may choose, my macros.",
        readers.get_reader, "mode, allowed, site_mode, macros", act=Act.EDIT_DRAFT,
    ),
    by_person("PUT", "/api/reader/mode", "choose_mode", "Read in another mode, from the next study on. Audited.", readers.choose_mode, "as `reader`", Act.EDIT_DRAFT, readers.MODE_BODY),
    by_person("PUT", "/api/reader/macros", "keep_macros", "Keep my macros, in place of the earlier ones.", readers.keep_macros, "as `reader`", Act.EDIT_DRAFT, readers.MACROS_BODY),
    by_person(
        "POST", _STUDY + "/findings", "commit_findings",
        "Commit what I see, once; then the AI is shown. From an adjudicator: the answers to a round. Audited.",
        readers.commit_findings, "the reading", Act.EDIT_DRAFT, readers.FINDINGS_BODY,
    ),
    by_person("POST", _STUDY + "/reveal", "reveal_ai", "Show the AI without a commit: critical studies, and adjudicators who give up. Audited.", readers.reveal_ai, "the reading", Act.EDIT_DRAFT),
    by_person("POST", _STUDY + "/check", "check_report", "What in these words contradicts itself, the marks or the patient. Nothing is kept.", readers.check_report, "warnings with the words they rest on", Act.EDIT_DRAFT, CONTENT_BODY),
    by_person("POST", _STUDY + "/seen", "note_seen", "The page showed this of the AI. Audited.", readers.note_seen, "nothing", Act.EDIT_DRAFT, readers.SEEN_BODY, status=204),
    by_person("PUT", _STUDY + "/lock", "take_lock", "Take the study for writing or keep it; with a reason, from its holder. Audited when it changes hands.", readers.take_lock, "who holds it, and whether that is this screen", Act.EDIT_DRAFT, readers.LOCK_BODY),
    by_person("DELETE", _STUDY + "/lock", "release_lock", "Give it back (header wetread-screen).", readers.release_lock, "nothing", Act.EDIT_DRAFT, status=204),
    by_person("PUT", _STUDY + "/marks", "keep_marks", "Keep my marks on the films, in place of the earlier ones of this version. Audited.", marks_view.keep_marks, "version and time", Act.EDIT_DRAFT, marks_view.MARKS_BODY),
    by_person("POST", _STUDY + "/keep-report", "keep_report", "The images that came after signing change nothing: the report stands. Audited.", keep_report, "the study's state", Act.SIGN),
    by_person("PUT", _STUDY + "/recovery", "keep_unsaved", "Keep text that could not be saved, for its author alone.", readers.keep_unsaved, "nothing", Act.EDIT_DRAFT, readers.RECOVERY_BODY, status=204, late=True),
    by_person("DELETE", _STUDY + "/recovery", "drop_unsaved", "Drop my kept text.", readers.drop_unsaved, "nothing", Act.EDIT_DRAFT, status=204),
)  # fmt: skip
