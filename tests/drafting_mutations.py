"""Adversarial composers' drafts: a faithful draft in which one thing is wrong, and what. The mutation knows what it changed, so no reader has to be trusted to see it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from tests.drafting_cases import Case, a_case, faithful, standing_for
from tests.drafting_lies import LIES
from tests.drafting_paraphrases import TERMS, Told, merged, one
from wetread.domain.finding import FindingName, concept
from wetread.domain.report import Certainty, Evidence, ReportFinding, Section, Sentence

__all__ = ["KINDS", "Attack", "attacks"]


@dataclass(frozen=True, slots=True)
class Attack:
    """`sentences` as the composer wrote them; of these, `lies` must not stand in the guarded draft as the composer's words."""

    kind: str
    case: Case
    sentences: tuple[Sentence, ...]
    lies: tuple[Sentence, ...]
    findings: tuple[ReportFinding, ...] = ()


Pair = Callable[[Told, Told, Random], str | None]


def _np(told: Told, rng: Random, *, hedge: bool = True) -> str:
    words = [told.certainty.value if hedge else "", told.side, rng.choice(TERMS[told.name])]
    return " ".join(each for each in words if each)


def _swapped_sides(one_: Told, two: Told, rng: Random) -> str | None:
    if one_.side == two.side or not (concept(one_.name).lateralised and concept(two.name).lateralised):
        return None
    return merged([replace(one_, side=two.side), replace(two, side=one_.side)], rng)


def _swapped_hedges(one_: Told, two: Told, rng: Random) -> str | None:
    if one_.certainty is two.certainty:
        return None
    return merged([replace(one_, certainty=two.certainty), replace(two, certainty=one_.certainty)], rng)


def _first_hedge_for_both(one_: Told, two: Told, rng: Random) -> str | None:
    if one_.certainty is two.certainty:
        return None
    return f"{_np(one_, rng)} and {_np(two, rng, hedge=False)}."


def _last_hedge_for_both(one_: Told, two: Told, rng: Random) -> str | None:
    if one_.certainty is two.certainty:
        return None
    return f"{_np(one_, rng, hedge=False)} and {_np(two, rng, hedge=False)} are {two.certainty}."


def _hedge_for_one_only(one_: Told, two: Told, rng: Random) -> str:
    patterns = (
        "{a} and {b} is seen.",
        "{a}, and there is {b}.",
        "{b} is present with {a}.",
        "{b} and {a}.",
        "There is {b}, with {a}.",
        "{b} is seen and {plain} is {hedge}.",
        "{b} and {plain} is {hedge}.",
        "{b} and {plain}, {hedge}.",
        "{b} is seen and {plain} are {hedge}.",
    )
    return rng.choice(patterns).format(
        a=_np(one_, rng), b=_np(two, rng, hedge=False), plain=_np(one_, rng, hedge=False), hedge=one_.certainty
    )


def _side_for_both(one_: Told, two: Told, rng: Random) -> str | None:
    if one_.side == two.side or not one_.side or not concept(two.name).lateralised:
        return None
    bare = replace(two, side="")
    patterns = (
        "{a} and {b}.",
        "On the {side}, {bare_a} and {bare_b}.",
        "{bare_a} and {bare_b} on the {side}.",
        "{bare_b} and {bare_a} are seen on the {side}.",
        "In the {side} hemithorax, there is {bare_a} with {bare_b}.",
    )
    if two.certainty is one_.certainty:
        patterns += ("{a} and {plain_b}.",)
    return rng.choice(patterns[1:] if two.side == "" else patterns).format(
        a=_np(one_, rng), b=_np(bare, rng), bare_a=_np(replace(one_, side=""), rng), bare_b=_np(bare, rng),
        side=one_.side, plain_b=_np(bare, rng, hedge=False),
    )  # fmt: skip


def _only_one(one_: Told, two: Told, rng: Random) -> str:
    return one(one_, rng)


def _linked(one_: Told, two: Told, rng: Random) -> str:
    link = rng.choice(
        ["due to", "causing", "versus", "or", "rather than", "not", "masking", "mimicking", "obscured by"]
    )
    return f"{_np(one_, rng)} {link} {_np(two, rng)}."


PAIRS: dict[str, Pair] = {
    "sides swapped between two": _swapped_sides,
    "hedges swapped between two": _swapped_hedges,
    "one hedge for two": lambda a, b, rng: rng.choice([_first_hedge_for_both, _last_hedge_for_both])(a, b, rng),
    "hedge for one of two": _hedge_for_one_only,
    "one side for two": _side_for_both,
    "one of two": _only_one,
    "two linked": _linked,
}
FIXED: dict[str, tuple[tuple[str, str], ...]] = {
    "technique": (("(PA)", "(AP)"), ("(AP)", "(PA)"), ("frontal", "lateral"), ("Single", "Portable")),
    "comparison": (
        ("No prior study on file", "Compared with the prior study"),
        ("presence and side only, not extent", "unchanged"),
        ("signed report of", "signed report of 1"),
    ),
    "quality note": (
        ("Note for the reader: ", "Good film: "),
        ("does not check", "checks"),
        ("does not name", "names"),
    ),
    "record": (
        ("no pneumonia", "pneumonia"),
        ("heart failure", "lung cancer"),
        ("90 days", "2 days"),
        ("no fever", "fever"),
    ),
    "measurement": (("0.54", "0.45"), ("0.54", "0.54 cm"), ("ratio", "diameter")),
    "nothing found": (
        ("No finding reached its operating point; this does not exclude disease.", "Normal chest."),
        ("; this does not exclude disease", ""),
        ("No acute finding.", "No finding at all; disease is excluded."),
    ),
    "prior not seen": (("is not seen by the AI now", "has resolved"), ("not seen by the AI now", "seen now")),
    "only questionable": (("Only questionable findings", "No findings"), ("questionable", "benign")),
}


def _one_lie(kind: str, case: Case, rng: Random) -> Attack | None:
    if not case.told:
        return None
    place = rng.choice(list(case.told))
    text = LIES[kind](case.told[place], rng, case)
    if text is None:
        return None
    return _told_in(kind, case, (place,), standing_for(case, [place], text), rng)


def _told_in(kind: str, case: Case, places: tuple[int, ...], lie: Sentence, rng: Random) -> Attack:
    """The lie in the places of the sentences it stands for, the rest repeated or reworded."""
    sentences = []
    for place, original in enumerate(case.reference.sentences):
        if place == places[0]:
            sentences.append(lie)
        elif place not in places:
            told = case.told.get(place) if rng.random() < 0.3 else None
            sentences.append(replace(original, text=one(told, rng)) if told else original)
    return Attack(kind, case, tuple(sentences), (lie,))


def _pair_lie(kind: str, case: Case, rng: Random) -> Attack | None:
    section = rng.choice([Section.FINDINGS, Section.IMPRESSION])
    places = [place for place in case.places(section) if not case.told[place].change]
    if len(places) < 2:
        return None
    first, second = rng.sample(places, 2)
    text = PAIRS[kind](case.told[first], case.told[second], rng)
    if text is None:
        return None
    text = text[0].upper() + text[1:]
    return _told_in(kind, case, (first, second), standing_for(case, sorted([first, second]), text), rng)


def _fixed_lie(kind: str, case: Case, rng: Random) -> Attack | None:
    occasions = [
        (place, before, after)
        for place, each in enumerate(case.reference.sentences)
        for before, after in FIXED[kind]
        if before in each.text
    ]
    if not occasions:
        return None
    place, before, after = rng.choice(occasions)
    lie = replace(case.reference.sentences[place], text=case.reference.sentences[place].text.replace(before, after))
    return _told_in(kind, case, (place,), lie, rng)


def _dropped(case: Case, rng: Random) -> Attack:
    sentences = [each for each in faithful(case, rng) if rng.random() < 0.6]
    return Attack("dropped", case, tuple(sentences), ())


def _evidence_swapped(case: Case, rng: Random) -> Attack | None:
    places = case.places(Section.FINDINGS)
    if len(places) < 2:
        return None
    first, second = rng.sample(places, 2)
    lies = {
        first: standing_for(case, [second], one(case.told[first], rng)),
        second: standing_for(case, [first], one(case.told[second], rng)),
    }
    sentences = tuple(lies.get(place, each) for place, each in enumerate(case.reference.sentences))
    return Attack("evidence swapped", case, sentences, tuple(lies.values()))


def _false_evidence(case: Case, rng: Random) -> Attack:
    """A finding below its operating point, with its own true numbers; or with numbers of the composer's making."""
    quiet = rng.choice([each for each in case.request.findings if not each.called])
    evidence = Evidence("model", quiet.name, rng.choice([quiet.probability, 0.97]), quiet.operating_point.threshold)
    certainty = rng.choice([Certainty.POSSIBLE, Certainty.PROBABLE])
    text = one(Told(quiet.name, "", certainty), rng)
    section = rng.choice([Section.FINDINGS, Section.IMPRESSION])
    lie = Sentence(section, text, rng.choice([(evidence,), (), (Evidence("model"),)]), "", certainty)
    return Attack("false evidence", case, (*case.reference.sentences, lie), (lie,))


def _wrong_section(case: Case, rng: Random) -> Attack | None:
    if not case.told:
        return None
    place = rng.choice(list(case.told))
    original = case.reference.sentences[place]
    others = [each for each in Section if each is not original.section]
    named = {each.evidence for each in case.reference.sentences if each.section is not original.section}
    others = others if original.evidence not in named else [Section.INDICATION, Section.TECHNIQUE, Section.COMPARISON]
    lie = replace(original, section=rng.choice(others), text=one(case.told[place], rng))
    return Attack("wrong section", case, (*case.reference.sentences, lie), (lie,))


def _contradicted(case: Case, rng: Random) -> Attack | None:
    """The truth, and beside it a second sentence on the same evidence that says otherwise."""
    if not case.told:
        return None
    place = rng.choice(list(case.told))
    kind = rng.choice(["other side", "other certainty", "no hedge", "denied", "other comparison"])
    text = LIES[kind](case.told[place], rng, case)
    if text is None:
        return None
    lie = standing_for(case, [place], text)
    sentences = list(case.reference.sentences)
    sentences.insert(rng.randint(0, len(sentences)), lie)
    return Attack("contradicted", case, tuple(sentences), (lie,))


def _findings_changed(case: Case, rng: Random) -> Attack:
    invented = ReportFinding(rng.choice(list(FindingName)), rng.random() < 0.5, rng.choice(["left", ""]), 0.99)
    return Attack("structured findings", case, tuple(faithful(case, rng)), (), (invented,))


KINDS: dict[str, Callable[[Case, Random], Attack | None]] = {
    **{kind: lambda case, rng, kind=kind: _one_lie(kind, case, rng) for kind in LIES},  # type: ignore[misc]
    **{kind: lambda case, rng, kind=kind: _pair_lie(kind, case, rng) for kind in PAIRS},  # type: ignore[misc]
    **{kind: lambda case, rng, kind=kind: _fixed_lie(kind, case, rng) for kind in FIXED},  # type: ignore[misc]
    "dropped": _dropped,
    "evidence swapped": _evidence_swapped,
    "false evidence": _false_evidence,
    "wrong section": _wrong_section,
    "contradicted": _contradicted,
    "structured findings": _findings_changed,
}


def attacks(each_kind: int, seed: int = 0) -> Iterator[Attack]:
    """`each_kind` drafts of every kind over a pool of random requests; one that gives no occasion for a kind makes room for a new one."""
    rng = Random(seed)
    cases = [a_case(rng, least=rng.randint(0, 1)) for _ in range(10 * each_kind)]
    for make in KINDS.values():
        made = 0
        while made < each_kind:
            place = rng.randrange(len(cases))
            if (attack := make(cases[place], rng)) is None:
                cases[place] = a_case(rng, least=rng.randint(0, 1))
            else:
                made += 1
                yield attack
