"""What a text says of a draft's sentences: there word for word, there in other words, or gone."""

import pytest

from wetread.domain.sentence_act import SentenceFate, fates_by_text, sentence_id

_F = SentenceFate
EFFUSION, HEART = "There is a small left pleural effusion.", "The heart is not enlarged."


def fates(text: str, *drafted: str) -> list[SentenceFate]:
    found = fates_by_text([("findings", each) for each in drafted], {"findings": text})
    return [found[sentence_id("findings", each)] for each in drafted]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{EFFUSION} {HEART}", [_F.KEPT, _F.KEPT]),
        (f"My own. {EFFUSION} More.\n{HEART}", [_F.KEPT, _F.KEPT]),
        (f"There is a large left pleural effusion. {HEART}", [_F.EDITED, _F.KEPT]),
        (HEART, [_F.DELETED, _F.KEPT]),
        ("No effusion.", [_F.DELETED, _F.DELETED]),
        ("", [_F.DELETED, _F.DELETED]),
        (f"{HEART} {EFFUSION}", [_F.KEPT, _F.EDITED]),
    ],
)
def test_a_sentence_is_kept_changed_or_gone(text: str, expected: list[SentenceFate]) -> None:
    assert fates(text, EFFUSION, HEART) == expected


def test_a_sentence_of_another_section_is_not_this_one() -> None:
    found = fates_by_text([("findings", HEART)], {"findings": "", "impression": HEART})
    assert found == {sentence_id("findings", HEART): _F.DELETED}
    assert sentence_id("findings", HEART) != sentence_id("impression", HEART)
