"""A body that fits each operation of the HTTP door, and its path with something in every place."""

import re

from builders_web import PASSWORD

from wetread.web.operations import Operation

__all__ = ["BODIES", "path_of"]

BODIES: dict[str, object] = {
    "login": {"actor_id": "radiologist", "password": PASSWORD},
    "save_report": {"sections": [{"section": "impression", "text": "x"}], "findings": []},
    "sign_report": {"etag": 1, "meaning": "m", "password": PASSWORD},
    "amend_report": {"reason": "r"},
    "append_to_report": {"version": 1, "text": "t", "meaning": "m", "password": PASSWORD},
    "search_worklist": {"text": "doe"},
    "retry_work": {"jobs": [1]},
    "commit_again": {"ae_title": "CT1"},
    "add_account": {
        "actor_id": "new",
        "role": "resident",
        "display_name": "",
        "new_password": PASSWORD,
        "password": "x",
    },
    "set_role": {"role": "resident", "password": "x"},
    "set_sites": {"sites": ["north"], "password": "x"},
    "link_account": {"subject": "u-ann", "password": "x"},
    "unlink_account": {"password": "x"},
    "open_in_emergency": {"study": "A1", "reason": "covering", "words": "night shift", "password": "x"},
    "review_emergency": {"verdict": "justified", "note": ""},
    "reset_second_factor": {"password": "x"},
    "begin_second_factor": {"password": PASSWORD},
    "confirm_second_factor": {"code": "000000"},
    "set_disabled": {"disabled": True, "password": "x"},
    "set_password": {"new_password": PASSWORD, "password": "x"},
    "end_session": {"session": "0" * 16},
    "end_own_session": {"session": "0" * 16},
    "rollout_ask": {"site": "north", "password": "x"},
    **{
        f"rollout_{name}": {"site": "north", "reason": "because", "password": "x"}
        for name in ("approve", "hold", "resume", "roll_back")
    },
    "check_policy": {"policy": "a"},
    "propose_policy": {"policy": "a", "reason": "r", "password": "x"},
    **{f"{name}_policy": {"reason": "r", "password": "x"} for name in ("approve", "withdraw", "revert")},
    "look_at_erasure": {"study_key": "a" * 24, "whole_patient": False, "reason": "wrong_upload"},
    "ask_for_erasure": {"study_key": "a" * 24, "whole_patient": False, "reason": "wrong_upload", "password": PASSWORD},
    **{f"{name}_erasure": {"password": PASSWORD} for name in ("approve", "withdraw")},
    "release_returned": {"study_key": "a" * 24, "password": PASSWORD},
    "set_legal_hold": {"study_key": "a" * 24, "whole_patient": False, "reason": "litigation", "password": PASSWORD},
    "lift_legal_hold": {"password": PASSWORD},
    "try_policy": {"policy": "a", "hours": 24, "most": 10},
    "save_views": {"views": []},
    "reject_draft": {"etag": 1, "reason_code": "not_useful"},
    "commit_findings": {"findings": [{"name": "effusion", "presence": "negative"}]},
    "keep_marks": {"films": []},
    "check_report": {"sections": [], "findings": []},
    "note_seen": {"what": "draft"},
    "choose_mode": {"mode": "concurrent"},
    "keep_macros": {"macros": [{"name": ".nl", "text": "The lungs are clear."}]},
    "take_lock": {"screen": "screen-of-a-test"},
    "answer_identity": {"hold_key": "h", "answer": "seen"},
    "keep_unsaved": {"version": 1, "content": {"sections": [], "findings": []}},
    "critical_acknowledge": {"etag": 1, "read_back": "right pneumothorax"},
    "critical_communicate": {"etag": 1, "to_whom": "ward 4", "how": "phone", "read_back_confirmed": True},
    "critical_close": {"etag": 1, "reason": "not_confirmed", "note": "skin fold"},
    "critical_release": {"etag": 1},
    "acknowledge_alarm": {"alarm_key": "nothing_arrives/north"},
    "hand_over": {
        "site": "north",
        "duty": "primary",
        "person_id": "ann",
        "starts_at": "2026-03-02T08:00:00Z",
        "ends_at": "2026-03-02T18:00:00Z",
        "reason": "ill",
    },
}


def path_of(operation: Operation, key: str) -> str:
    filled = operation.path.replace("{study_key}", key).replace("{study_uid}", "2.25.1")
    filled = filled.replace("{series_uid}", "2.25.1.1").replace("{sop_uid}", "2.25.1.1.1")
    filled = filled.replace("{critical_key}", f"{key}:1").replace("{override_id}", "none")
    filled = (
        filled.replace("{model}", "phantom-net@2.0.0")
        .replace("{actor_id}", "nobody")
        .replace("{name}", "none")
        .replace("{number}", "1")
    )
    filled = (
        filled.replace("{resource_type}", "DiagnosticReport")
        .replace("{resource_id}", key)
        .replace("{order_key}", "0" * 32)
    )
    filled = filled.replace("{workitem}", "2.25.404").replace("{subscriber}", "RIS")
    filled = filled.replace("{frames}", "1").replace("{place}", "7FE00010")
    assert not re.search(r"[{}]", filled)
    return filled
