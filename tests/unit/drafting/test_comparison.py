"""Which word a signed prior allows on a finding that is called now, case by case."""

import pytest

from wetread.domain.drafting_context import PriorFinding, PriorStudy
from wetread.domain.finding import FindingName
from wetread.domain.statement import Change
from wetread.drafting.comparison import Relation, relation_of, usable, words_of

EFFUSION, HEART = FindingName.EFFUSION, FindingName.CARDIOMEGALY
Said = tuple[bool, str]


def _prior(days_before: int, *said: Said, name: FindingName = EFFUSION, source_id: str = "") -> PriorStudy:
    findings = tuple(PriorFinding(name, present, side) for present, side in said)
    return PriorStudy(source_id or f"p-{days_before}", days_before, findings)


def _relation(side: str, *priors: PriorStudy, name: FindingName = EFFUSION) -> Relation:
    return relation_of(name, side, words_of(usable(priors)).get(name))


@pytest.mark.parametrize(
    ("said", "now", "relation"),
    [
        ([(True, "left")], "left", Relation.UNCHANGED),
        ([(True, "bilateral")], "bilateral", Relation.UNCHANGED),
        ([(True, "left"), (True, "right")], "bilateral", Relation.UNCHANGED),
        ([(True, "")], "", Relation.UNCHANGED),
        ([(True, "right")], "left", Relation.OTHER_SIDE),
        ([(True, "right"), (False, "left")], "left", Relation.NEW_SIDE),
        ([(True, "bilateral")], "left", Relation.ALSO_OTHER_SIDE),
        ([(True, "left")], "bilateral", Relation.ONE_SIDE_ONLY),
        ([(True, "left"), (False, "right")], "bilateral", Relation.ONE_SIDE_ONLY),
        ([(True, "")], "left", Relation.SIDE_UNCLEAR),
        ([(True, "left")], "", Relation.SIDE_UNCLEAR),
        ([(True, ""), (False, "left")], "left", Relation.SIDE_UNCLEAR),
        ([(True, ""), (True, "left")], "left", Relation.UNCHANGED),
        ([(False, "")], "left", Relation.NEW),
        ([(False, "")], "", Relation.NEW),
        ([(False, "bilateral")], "bilateral", Relation.NEW),
        ([(False, "left")], "left", Relation.NEW),
        ([(False, "left"), (False, "right")], "bilateral", Relation.NEW),
        ([(False, "right")], "left", Relation.NONE),
        ([(False, "left")], "bilateral", Relation.NONE),
        ([(False, "left")], "", Relation.NONE),
        ([], "left", Relation.NONE),
        ([(True, "left"), (False, "left")], "left", Relation.NONE),
        ([(True, "left"), (False, "")], "right", Relation.NONE),
        ([(True, ""), (False, "")], "left", Relation.NONE),
    ],
)
def test_a_word_follows_from_what_was_signed_for_the_same_side(said: list[Said], now: str, relation: Relation) -> None:
    assert _relation(now, _prior(12, *said)) is relation


def test_a_finding_without_sides_is_compared_without_them() -> None:
    assert _relation("", _prior(3, (True, "left"), name=HEART), name=HEART) is Relation.UNCHANGED
    assert _relation("left", _prior(3, (True, ""), name=HEART), name=HEART) is Relation.UNCHANGED


def test_the_newest_prior_that_speaks_of_the_finding_counts() -> None:
    newest, older = _prior(3, (False, "")), _prior(40, (True, "left"))
    assert _relation("left", older, newest) is Relation.NEW
    word = words_of(usable((older, newest)))[EFFUSION]
    assert (word.days_before, word.evidence[0].source) == (3, "prior:p-3")


def test_a_newer_prior_that_is_silent_forbids_unchanged_but_not_new() -> None:
    silent = _prior(3, (True, ""), name=HEART)
    assert _relation("left", silent, _prior(40, (True, "left"))) is Relation.OLDER
    assert _relation("left", silent, _prior(40, (False, "left"))) is Relation.NEW


def test_a_prior_that_contradicts_itself_hides_older_ones() -> None:
    torn = _prior(3, (True, "left"), (False, "left"))
    assert _relation("left", torn, _prior(40, (True, "left"))) is Relation.NONE


def test_priors_of_one_day_count_as_one_and_are_all_named() -> None:
    morning, noon = _prior(0, (True, "left"), source_id="a"), _prior(0, (True, "right"), source_id="b")
    assert _relation("bilateral", morning, noon) is Relation.UNCHANGED
    assert [each.source for each in words_of(usable((morning, noon)))[EFFUSION].evidence] == ["prior:a", "prior:b"]
    assert _relation("left", morning, _prior(0, (False, ""), source_id="c")) is Relation.NONE


@pytest.mark.parametrize(
    "prior",
    [
        _prior(-1, (True, "left")),
        _prior(60_000, (True, "left")),
        _prior(1, (True, "left"), source_id="Left pneumothorax"),
        _prior(1, (True, "LEFT")),
    ],
)
def test_a_prior_whose_time_source_or_side_cannot_be_is_not_used(prior: PriorStudy) -> None:
    assert usable((prior,)) == ()


def test_only_new_and_unchanged_claim_a_change() -> None:
    claiming = {relation: relation.change for relation in Relation if relation.change is not Change.UNSTATED}
    assert claiming == {
        Relation.NEW: Change.NEW,
        Relation.NEW_SIDE: Change.NEW,
        Relation.UNCHANGED: Change.UNCHANGED,
    }
