"""A signed report that stands on its own: whatever is changed in it is found, and a signature belongs to one report."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wetread.checkpoints.note import public_bytes
from wetread.checkpoints.signed_report import _CONTEXT, _canonical, check_report, pack_report
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import Report, ReportStatus, is_final
from wetread.domain.role import Actor, Role
from wetread.signoff.signing import appended, first_report, signed
from wetread.testing.builders import NOON, a_draft

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LEE, ROE = Actor("dr-lee", Role.RADIOLOGIST, "Dr Lee ❦"), Actor("dr-roe", Role.RADIOLOGIST, "Dr Roe")
ONE, OTHER = StudyKey("b" * 24), StudyKey("c" * 24)


def a_signed(key: StudyKey = ONE, actor: Actor = LEE) -> Report:
    return signed(first_report(key, actor, a_draft()), actor, "authored and approved", NOON, amends=False)


def with_addendum() -> Report:
    return appended(a_signed(), ROE, "Compared with the film of 1 March.", "addendum", NOON + timedelta(hours=1))


def packed(report: Report | None = None) -> dict[str, Any]:
    package: dict[str, Any] = json.loads(pack_report(report or with_addendum(), KEY, NOON + timedelta(days=1)))
    return package


def refused(package: object) -> str:
    with pytest.raises(PermanentError) as raised:
        check_report(json.dumps(package).encode(), public_bytes(KEY))
    assert raised.value.code == "bad_report"
    return str(raised.value)


def resigned(package: dict[str, Any]) -> dict[str, Any]:
    """Changed by somebody who has the service's key."""
    import base64

    signature = base64.b64encode(KEY.sign(_CONTEXT + _canonical(package["document"]))).decode()
    return {**package, "signature": signature}


def leaves(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    below = [each for name, value in inner for each in leaves(value, (*path, name))]
    yield from below or [path]


def changed(value: object) -> object:
    if isinstance(value, bool) or value is None:
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}x" if isinstance(value, str) else ["x"]


def put(package: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    copy = json.loads(json.dumps(package))
    node = copy
    for each in path[:-1]:
        node = node[each]
    node[path[-1]] = value
    return copy  # type: ignore[no-any-return]


def test_it_says_who_signed_what_when_and_meaning_what() -> None:
    report = with_addendum()
    checked = check_report(json.dumps(packed(report)).encode(), public_bytes(KEY))
    assert checked.signatures == report.signatures
    assert (checked.study_key, checked.version, checked.status) == (ONE, 2, ReportStatus.APPENDED)
    assert checked.sections == tuple((name.value, text) for name, text in report.content.sections)


def test_every_change_of_every_single_field_is_found() -> None:
    package = packed()
    paths = list(leaves(package))
    assert len(paths) > 30
    for path in paths:
        node: Any = package
        for each in path:
            node = node[each]
        refused(put(package, path, changed(node)))


def test_every_field_left_out_or_put_in_is_found() -> None:
    package = packed()
    for path in {each[:-1] for each in leaves(package)} | {()}:
        node: Any = package
        for each in path:
            node = node[each]
        if isinstance(node, dict):
            refused(put(package, (*path, "further"), 1) if path else {**package, "further": 1})
            for name in node:
                less = {key: value for key, value in node.items() if key != name}
                refused(put(package, path, less) if path else less)
        else:
            refused(put(package, path, [*node, "x"]))
            refused(put(package, path, node[:-1]))


def test_a_signature_copied_to_another_study_fails_even_where_both_say_the_same_words() -> None:
    mine, theirs = a_signed(ONE), a_signed(OTHER, ROE)
    assert mine.signature is not None
    assert mine.content == theirs.content
    copied = replace(theirs, signature=mine.signature)
    with pytest.raises(PermanentError) as raised:
        is_final(copied)
    assert raised.value.code == "signature_mismatch"
    with pytest.raises(PermanentError):
        pack_report(copied, KEY, NOON)
    package = put(packed(theirs), ("document", "report", "signature"), packed(mine)["document"]["report"]["signature"])
    assert "another study" in refused(resigned(package))


@pytest.mark.parametrize("name", ["signer_id", "signer_name", "role", "meaning"])
def test_what_a_signature_says_is_bound_even_against_who_has_the_services_key(name: str) -> None:
    package = packed(a_signed())
    package["document"]["report"]["signature"][name] += "x"
    assert "another study, by somebody else" in refused(resigned(package))


def test_a_text_changed_under_a_signature_is_said_to_be_another_text() -> None:
    package = packed(a_signed())
    package["document"]["report"]["content"]["sections"][0][1] += " No pneumothorax."
    assert "of another text" in refused(resigned(package))


def test_another_key_a_checkpoint_and_no_json_are_nothing_of_ours() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    data = json.dumps(packed()).encode()
    for bad, key in (
        (data, public_bytes(other)),
        (b"{}", public_bytes(KEY)),
        (b"", public_bytes(KEY)),
        (data[:-40], public_bytes(KEY)),
    ):
        with pytest.raises(PermanentError):
            check_report(bad, key)


def test_what_is_not_final_is_never_exported() -> None:
    with pytest.raises(PermanentError) as raised:
        pack_report(first_report(ONE, LEE, a_draft()), KEY, NOON)
    assert raised.value.code == "not_final"


def test_what_was_signed_before_there_was_a_binding_still_stands() -> None:
    before = a_signed()
    assert before.signature is not None
    assert is_final(replace(before, signature=replace(before.signature, bound_sha256="")))
