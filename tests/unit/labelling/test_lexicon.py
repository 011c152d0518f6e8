"""The notation of the lexicon, and what every lexicon keeps to."""

from collections.abc import Iterator

import pytest

from wetread.domain.finding import FindingName
from wetread.labelling.expansion import MOST_PHRASES, expand
from wetread.labelling.lexicon import LANGUAGES, Kind, Role, Tree, lexicon


@pytest.mark.parametrize(
    ("pattern", "phrases"),
    [
        ("effusion", ["effusion"]),
        ("effusion[s]", ["effusion", "effusions"]),
        ("(left|right) lung", ["left lung", "right lung"]),
        ("[(a|b)] c", ["c", "a c", "b c"]),
        ("a[ (b|c)[ d]]", ["a", "a b", "a b d", "a c", "a c d"]),
    ],
)
def test_brackets_stand_for_what_they_say(pattern: str, phrases: list[str]) -> None:
    assert sorted(expand(pattern)) == sorted(phrases)


@pytest.mark.parametrize("pattern", ["a(b", "a]b", "(a[b)]", "a)", "[a"])
def test_brackets_that_do_not_match_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        expand(pattern)


def test_a_pattern_that_multiplies_is_refused() -> None:
    with pytest.raises(ValueError, match=str(MOST_PHRASES)):
        expand("[a |b |c |d ]" * 10)


def test_a_language_without_a_lexicon_is_refused() -> None:
    with pytest.raises(ValueError, match="no lexicon"):
        lexicon("tlh")


def _phrases(tree: Tree, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], tuple[Role, ...]]]:
    for word, below in tree.items():
        if word is None:
            yield before, below
        else:
            yield from _phrases(below, (*before, word))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phrase_means_one_thing(language: str) -> None:
    """Two findings, two sides or two properties of one phrase would be an accident of order."""
    for phrase, roles in _phrases(lexicon(language).tree):
        assert phrase
        kinds = [role.kind for role in roles]
        assert len(kinds) == len(set(kinds)), phrase


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_can_be_named(language: str) -> None:
    named = {
        name
        for _, roles in _phrases(lexicon(language).tree)
        for role in roles
        if role.kind is Kind.MENTION
        for name in role.value.findings
    } | {name for meaning in lexicon(language).frames.values() for name in meaning.findings}
    assert named == set(FindingName)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_implies_says_why(language: str) -> None:
    meanings = [
        *lexicon(language).frames.values(),
        *(role.value for _, roles in _phrases(lexicon(language).tree) for role in roles if role.kind is Kind.GROUP),
    ]
    assert all(meaning.because for meaning in meanings if not meaning.direct)
