"""What of a quality report is an alarm: drift, a fall in sensitivity, miscalibration, a subgroup gap, overrides that jumped, headers that changed, errors by blinded truths.

Each kind may ring falsely `false_alarms_per_year` times a year at a site, shared by its cells. Evidence is an e-detector's (`evidence`): it must reach 365/days times the cells over the
false alarms. P-values of a night share the false alarms of a year over 365, whatever the dependence of nights (a union bound). A drift must besides reach PSI 0.1, or touch one study in ten by its headers,
a gap ten points: with many cases anything is beyond chance.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from wetread.domain.alarm import Alarm, AlarmKind
from wetread.domain.quality import (
    BlindKey,
    BlindVerdict,
    CellKey,
    FilmDrift,
    Number,
    QualityCell,
    QualityReference,
    QualityReport,
    TagDrift,
)
from wetread.evaluation.drift import psi_of_counts
from wetread.monitoring.alarms import Silence
from wetread.monitoring.blind_truths import ERRORS, MISSED, OWN_BASIS, VERDICTS

__all__ = [
    "FILM_FLOOR",
    "GAP_FLOOR",
    "KINDS",
    "PSI_FLOOR",
    "TAG_FLOOR",
    "Verdicts",
    "is_over",
    "night_share",
    "quality_verdicts",
]

_K = AlarmKind
KINDS = frozenset(
    {
        _K.SCORES_DRIFTED,
        _K.TAGS_DRIFTED,
        _K.FILMS_DRIFTED,
        _K.SENSITIVITY_FELL,
        _K.CALIBRATION_OFF,
        _K.SUBGROUP_GAP,
        _K.OVERRIDES_JUMPED,
        _K.VERDICTS_WORSE,
        _K.BLIND_READS_WORSE,
    }
)
PSI_FLOOR = 0.1
GAP_FLOOR = 0.1
TAG_FLOOR = 0.1
FILM_FLOOR = 0.55
"""One film in ten wholly unlike those before gives 0.55 to a perfect classifier."""
_NIGHTS = 365


@dataclass(frozen=True, slots=True)
class Verdicts:
    """`silences` are the alarms; `judged` the keys that could be judged tonight: an alarm whose cell has too few cases is neither renewed nor over. `cells` have a study in the window,
    `wider` are the keys of alarms beyond one cell whose site and model have one."""

    silences: tuple[Silence, ...]
    judged: frozenset[str]
    cells: frozenset[CellKey]
    wider: frozenset[str]


def quality_verdicts(report: QualityReport, reference: QualityReference, false_alarms_per_year: float) -> Verdicts:
    """Judge every cell, site by site."""
    silences: list[Silence] = []
    judged: set[str] = set()
    alpha = night_share(false_alarms_per_year)
    enough = max(20.0, _NIGHTS / report.days / false_alarms_per_year)
    sites = {each.key.site for each in report.cells} | {each.site for each in report.tags}
    for site in sorted(sites | {each.site for each in report.films}):
        cells = [each for each in report.cells if each.key.site == site]
        for found, keys in (
            *(_by_evidence(cells, kind, name, say, enough) for kind, name, say in _EVIDENCE),
            _drifted(cells, reference, alpha),
            _moved([each for each in report.tags if each.site == site], alpha),
            _look_changed([each for each in report.films if each.site == site], alpha),
            _gaps(cells, alpha),
            _worse([each for each in report.blind if each.key.site == site]),
        ):
            silences += found
            judged |= keys
    return Verdicts(
        tuple(silences),
        frozenset(judged),
        frozenset(each.key for each in report.cells),
        frozenset(map(_tag_key, report.tags))
        | {_film_key(each) for each in report.tags}
        | {
            _blind_key(kind, BlindKey(each.key.site, each.key.finding, each.key.model), error)
            for each in report.cells
            for kind in _BLIND.values()
            for error in ERRORS
        },
    )


def night_share(false_alarms_per_year: float) -> float:
    """What the p-values of one kind, site and night share (0..1)."""
    return min(0.05, false_alarms_per_year / _NIGHTS)


def is_over(alarm: Alarm, verdicts: Verdicts) -> bool:
    """True when the cause of an open alarm of `KINDS` was looked at and not found, or its cell has no study any more (a model retired, a scanner gone)."""
    if alarm.alarm_key in {each.alarm_key for each in verdicts.silences}:
        return False
    places = [_key(alarm.kind, each) for each in verdicts.cells]
    lives = alarm.alarm_key in verdicts.wider or any(
        alarm.alarm_key == each or alarm.alarm_key.startswith(each + "/") for each in places
    )
    return alarm.alarm_key in verdicts.judged or not lives


_Found = tuple[list[Silence], set[str]]


def _by_evidence(
    cells: Iterable[QualityCell], kind: AlarmKind, name: str, say: Callable[[QualityCell], str], enough: float
) -> _Found:
    known = [(each, value) for each in cells if (value := each.number(name).value) is not None]
    risen = [cell for cell, value in known if value >= enough * len(known)]
    return [_silence(kind, each.key, say(each)) for each in risen], {_key(kind, cell.key) for cell, _ in known}


def _drifted(cells: Iterable[QualityCell], reference: QualityReference, alpha: float) -> _Found:
    frozen = {each.key: each for each in reference.cells}
    known = [each for each in cells if each.psi_shares and each.key in frozen]
    found = []
    for cell in known:
        index = cell.number("psi")
        counts = [round(now * index.n) for _, now in cell.psi_shares]
        strict = psi_of_counts(frozen[cell.key].counts, counts, alpha / len(known))
        if strict.drifted and strict.value >= PSI_FLOOR:
            said = (
                f"raw scores moved: PSI {strict.value:.2f} (by chance below {strict.critical:.2f}), n {strict.n} patients against "
                f"{strict.n_reference} of the reference to {frozen[cell.key].last_day}; look at what changed in films, "
                "patients or headers, have a random sample read blind, and hold any rollout"
            )
            found.append(_silence(_K.SCORES_DRIFTED, cell.key, said))
    return found, {_key(_K.SCORES_DRIFTED, each.key) for each in known}


_Drift = TypeVar("_Drift", TagDrift, FilmDrift)


def _beyond_chance(
    drifts: Sequence[_Drift],
    alpha: float,
    kind: AlarmKind,
    key: Callable[[_Drift], str],
    grew: Callable[[_Drift], bool],
    say: Callable[[_Drift], str],
) -> _Found:
    """Those whose p is below their share of `alpha` and whose size says that it matters."""
    known = [(each, each.p) for each in drifts if each.p is not None]
    found = [
        Silence(kind, key(each), each.site, say(each), pages=False)
        for each, p in known
        if p < alpha / len(known) and grew(each)
    ]
    return found, {key(each) for each, _ in known}


def _moved(tags: Sequence[TagDrift], alpha: float) -> _Found:
    return _beyond_chance(
        tags, alpha, _K.TAGS_DRIFTED, _tag_key, lambda each: (each.distance or 0) >= TAG_FLOOR, _said_of
    )


def _said_of(tag: TagDrift) -> str:
    changes = ", ".join(f"{name} {before:.0%} to {now:.0%}" for name, before, now in tag.shares[:3])
    return (
        f"{tag.tag} of the films at site {tag.site}, {tag.model}: {tag.distance:.0%} of studies are of another category than in the reference ({changes}), "
        f"chi-square {tag.statistic:.1f}, p {tag.p:.2g}, n {tag.n} patients against {tag.n_reference}; ask what changed at the modality, in its headers or in who is sent, and look at this "
        "site's numbers before you rely on the model as before: it says that something changed, not that the model got worse"
    )


def _look_changed(films: Sequence[FilmDrift], alpha: float) -> _Found:
    return _beyond_chance(
        films, alpha, _K.FILMS_DRIFTED, _film_key, lambda each: (each.auroc or 0) >= FILM_FLOOR, _look_of
    )


def _look_of(films: FilmDrift) -> str:
    return (
        f"films at site {films.site} look different to {films.model}: a simple classifier tells new from old with AUROC {films.auroc:.2f} ({films.low:.2f} to {films.high:.2f}), "
        f"MMD p {films.p:.2g}, n {films.n} films against {films.n_reference} of the reference; a reason to look, not a verdict: compare some of both, ask what changed at the "
        "modality or in who is sent"
    )


def _film_key(of: FilmDrift | TagDrift) -> str:
    return "/".join((_K.FILMS_DRIFTED.value, of.site, of.model))


def _tag_key(tag: TagDrift) -> str:
    return "/".join((_K.TAGS_DRIFTED.value, tag.site, tag.model, tag.tag))


def _gaps(cells: Iterable[QualityCell], alpha: float) -> _Found:
    looked = [(cell, gap) for cell in cells for gap in cell.gaps]
    found, judged = [], set()
    for cell, gap in looked:
        for group in gap.groups:
            if group.p_worse is None or group.value is None:
                continue
            tail = f"{gap.axis}/{gap.rate}/{group.group}"
            judged.add(_key(_K.SUBGROUP_GAP, cell.key, tail))
            if group.p_worse * len(looked) < alpha and gap.overall - group.value >= GAP_FLOOR:
                said = (
                    f"{gap.rate} is worse for {gap.axis} {group.group}: {group.value:.2f} ({group.low:.2f} to {group.high:.2f}), n {group.n}, "
                    f"against {gap.overall:.2f} of all; have these studies read blind and hold the model from more of them until it is understood"
                )
                found.append(_silence(_K.SUBGROUP_GAP, cell.key, said, tail))
    return found, judged


_BLIND = {VERDICTS: _K.VERDICTS_WORSE, OWN_BASIS: _K.BLIND_READS_WORSE}


def _worse(said: Sequence[BlindVerdict]) -> _Found:
    known = [
        (each, each.evidence, each.needed) for each in said if each.evidence is not None and each.needed is not None
    ]
    found = [
        Silence(
            _BLIND[each.basis],
            _blind_key(_BLIND[each.basis], each.key, each.error),
            each.key.site,
            _told_by_blind(each),
            pages=False,
        )
        for each, evidence, needed in known
        if evidence >= needed
    ]
    return found, {_blind_key(_BLIND[each.basis], each.key, each.error) for each, _, _ in known}


def _told_by_blind(of: BlindVerdict) -> str:
    what = "misses" if of.error == MISSED else "calls without the finding"
    whose, than = (
        (f"blinded adjudication, round {of.round_id}", "than the model states of itself")
        if of.basis == VERDICTS
        else ("what readers said before they saw the AI", "than at the beginning")
    )
    return (
        f"{of.key.finding} at site {of.key.site}, {of.key.model}: more {what} {than}, by {whose}: {of.rate:.2f} ({of.low:.2f} to {of.high:.2f}), n {of.n}, allowed {of.limit:.2f}; "
        "readers who follow the AI do not show it: look at these studies, and hold or roll back this model version if they are right"
    )


def _blind_key(kind: AlarmKind, key: BlindKey, error: str) -> str:
    return "/".join((kind.value, key.site, key.finding, key.model, error))


def _fell(cell: QualityCell) -> str:
    return (
        f"the signed reports state it more often where the AI did not call it: sensitivity {_told(cell.number('sensitivity'))}, "
        "agreement with reports that saw the AI; read the missed studies, and hold or roll back this model version if they are real"
    )


def _off(cell: QualityCell) -> str:
    stated, seen = cell.number("mean_probability"), cell.number("prevalence")
    return (
        f"probabilities no longer match signed reports: mean {_told(stated)} stated, {_told(seen)} seen; "
        "do not read them as frequencies here until the model is recalibrated for this site"
    )


def _jumped(cell: QualityCell) -> str:
    return (
        f"readers throw the AI's call away more often: {_told(cell.number('override'))} of called studies; "
        "ask the readers, look at these studies, and hold or roll back this model version if they are right"
    )


_EVIDENCE = (
    (_K.SENSITIVITY_FELL, "sensitivity_evidence", _fell),
    (_K.CALIBRATION_OFF, "calibration_evidence", _off),
    (_K.OVERRIDES_JUMPED, "override_evidence", _jumped),
)


def _told(number: Number) -> str:
    if number.value is None or number.low is None or number.high is None:
        return f"not said (n {number.n})"
    return f"{number.value:.2f} ({number.low:.2f} to {number.high:.2f}), n {number.n}"


def _key(kind: AlarmKind, key: CellKey, tail: str = "") -> str:
    place = "/".join((kind.value, key.site, key.scanner, key.finding, key.model))
    return f"{place}/{tail}" if tail else place


def _silence(kind: AlarmKind, key: CellKey, said: str, tail: str = "") -> Silence:
    """Quality alarms page nobody: they are worth a look in the morning, and a night's number must never wake the technical duty."""
    message = f"{key.finding} on {key.scanner}, site {key.site}, {key.model}: {said}"
    return Silence(kind, _key(kind, key, tail), key.site, message, pages=False)
