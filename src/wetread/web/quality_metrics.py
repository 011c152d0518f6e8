"""The last round of live monitoring as OpenMetrics lines: numbers by cell, never a study, and never more than `MOST_SCANNERS` scanners."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from wetread.domain.quality import BlindVerdict, CellKey, FilmDrift, Number, QualityCell, QualityReport, TagDrift
from wetread.monitoring.measures import MEASURES
from wetread.web.critical_metrics import label

__all__ = ["MOST_SCANNERS", "QualityLines", "quality_metrics"]

MOST_SCANNERS = 20
"""A detector's name comes from its header: without a limit a modality that numbers its films would fill the time series database."""
_MOST_LETTERS = 130
_DAY_S, _MINUTE_S = 86_400, 60
_TURNAROUND = {f"turnaround_{group}_min": group for group in ("called", "not_called", "missed")}
_DELTA = "turnaround_delta_min"


class QualityLines:
    """The lines of the last report asked for: it changes once a night."""

    def __init__(self) -> None:
        self._last: tuple[QualityReport | None, list[str]] = (None, [])

    def of(self, report: QualityReport | None) -> list[str]:
        known, lines = self._last
        if known is not report:
            self._last = report, (lines := quality_metrics(report))
        return lines


def quality_metrics(report: QualityReport | None) -> list[str]:
    """Nothing before the first round. What is not said is absent; the n behind every number never is."""
    if report is None:
        return []
    cells, left_out = _named(report.cells)
    return [
        *_one("computed_timestamp_seconds", "When the numbers below were made.", f"{report.made_at.timestamp():.0f}"),
        *_one("window_seconds", "How far back they reach.", str(report.days * _DAY_S)),
        *_one("signed_studies", "Signed studies they are of.", str(report.studies)),
        *_one("scanners_left_out", f"Scanners beyond the {MOST_SCANNERS} that are named.", str(left_out)),
        *_family(
            "cases",
            "Cases behind each number.",
            (f'{_labels(each.key)},measure="{number.name}"}} {number.n}' for each in cells for number in each.numbers),
        ),
        *(line for name in MEASURES if name not in (*_TURNAROUND, _DELTA) for line in _measure(name, cells)),
        *_adjudicated(cells),
        *_own(cells),
        *_tags(report.tags),
        *_looks(report.films),
        *_blind(report.blind),
        *_family(
            "turnaround_seconds",
            "Median time from receipt to signature, by whether the finding was called.",
            _values(cells, _TURNAROUND, _MINUTE_S, lambda name: f',group="{_TURNAROUND[name]}"'),
        ),
        *_family(
            "turnaround_delta_seconds",
            "Median of called minus median of not called; below 0 called ones are signed sooner.",
            _values(cells, (_DELTA,), _MINUTE_S, lambda _: ""),
        ),
    ]


def _named(cells: Sequence[QualityCell]) -> tuple[list[QualityCell], int]:
    """The busiest scanners' cells, one for each set of labels (names cut short may be the same), and how many scanners are left out."""
    busiest = Counter[tuple[str, str]]()
    for cell in cells:
        busiest[cell.key.site, cell.key.scanner] = max(busiest[cell.key.site, cell.key.scanner], cell.studies)
    kept = {place for place, _ in busiest.most_common(MOST_SCANNERS)}
    named = {_labels(each.key): each for each in reversed(cells) if (each.key.site, each.key.scanner) in kept}
    return list(reversed(named.values())), len(busiest) - len(kept)


def _adjudicated(cells: Sequence[QualityCell]) -> Iterator[str]:
    known = [
        (f'{_labels(cell.key)},round="{label(each.round_id[:_MOST_LETTERS])}"', number)
        for cell in cells
        for each in cell.adjudicated
        for number in each.numbers
    ]
    rates = {
        name: f"{name.capitalize()} against blinded adjudication, weighted by the inverse of the chance of being drawn."
        for name in ("sensitivity", "specificity")
    }
    return _apart("adjudicated", "Adjudicated studies behind each number.", rates, known)


def _own(cells: Sequence[QualityCell]) -> Iterator[str]:
    known = [(_labels(cell.key), number) for cell in cells if cell.own for number in cell.own.numbers]
    rates = {
        name: f"{name.replace('_', ' ').capitalize()} by what readers said before they saw the AI; no random share of all studies."
        for name in ("sensitivity", "specificity", "signed_otherwise")
    }
    return _apart("own", "Studies whose reader spoke before seeing the AI, behind each number.", rates, known)


def _apart(basis: str, counted: str, rates: Mapping[str, str], known: Sequence[tuple[str, Number]]) -> Iterator[str]:
    """Numbers on a basis of their own: never in one family with agreement with signed reports. `counted`, `rates`: help texts; `known`: labels with a number."""
    yield from _family(
        f"{basis}_cases", counted, (f'{at},measure="{number.name}"}} {number.n}' for at, number in known)
    )
    for name, help_text in rates.items():
        yield from _family(
            f"{basis}_{name}",
            help_text,
            (
                f'{at},bound="{bound}"}} {value:.6g}'
                for at, number in known
                if number.name == name
                for bound, value in _bounds(number)
            ),
        )


def _tags(tags: Sequence[TagDrift]) -> Iterator[str]:
    named = {_tag_labels(each): each for each in reversed(tags)}
    yield from _family(
        "tag_cases", "Patients behind each tag of the films.", (f"{at} {tag.n}" for at, tag in named.items())
    )
    yield from _family(
        "tag_distance",
        "Share of studies of another category than in the reference (total variation), one study a patient.",
        (f"{at} {tag.distance:.6g}" for at, tag in named.items() if tag.distance is not None),
    )
    yield from _family(
        "tag_p",
        "Chi-square test's p that this tag's shares are the reference's.",
        (f"{at} {tag.p:.6g}" for at, tag in named.items() if tag.p is not None),
    )


def _looks(films: Sequence[FilmDrift]) -> Iterator[str]:
    named = {_place_labels(("site", each.site), ("model", each.model)): each for each in reversed(films)}
    yield from _family(
        "films_cases", "Films with a vector in the window.", (f"{at} {each.n}" for at, each in named.items())
    )
    for name, help_text in (
        ("films_auroc", "AUROC with which a classifier tells new films from the frozen sample; 0.5 no change."),
        ("films_p", "Permutation p of the maximum mean discrepancy of the films' vectors."),
    ):
        values = ((at, each.auroc if name == "films_auroc" else each.p) for at, each in named.items())
        yield from _family(name, help_text, (f"{at} {value:.6g}" for at, value in values if value is not None))


def _tag_labels(tag: TagDrift) -> str:
    return _place_labels(("site", tag.site), ("model", tag.model), ("tag", tag.tag))


def _place_labels(*said: tuple[str, str]) -> str:
    return f"{_open_labels(*said)}}}"


def _open_labels(*said: tuple[str, str]) -> str:
    """Without the closing brace: more may follow."""
    return "{" + ",".join(f'{name}="{label(value[:_MOST_LETTERS])}"' for name, value in said)


def _blind(verdicts: Sequence[BlindVerdict]) -> Iterator[str]:
    named = {
        _place_labels(
            ("site", each.key.site),
            ("finding", each.key.finding),
            ("model", each.key.model),
            ("basis", each.basis),
            ("error", each.error),
        ): each
        for each in reversed(verdicts)
    }
    yield from _family(
        "blind_cases",
        "Studies behind an error by a truth in which the AI had no part.",
        (f"{at} {each.n}" for at, each in named.items()),
    )
    for name, help_text in (
        ("rate", "Share of error by that truth: of the sick missed, of the well called."),
        ("limit", "What that share may be: stated by the model, or the upper end at the beginning."),
        ("evidence", "Evidence that it is more."),
        ("needed", "Evidence from which it is an alarm."),
    ):
        yield from _family(
            f"blind_{name}",
            help_text,
            (f"{at} {value:.6g}" for at, each in named.items() if (value := getattr(each, name)) is not None),
        )


def _measure(name: str, cells: Iterable[QualityCell]) -> Iterator[str]:
    yield from _family(
        name, f"{MEASURES[name][0].upper()}{MEASURES[name][1:]}.", _values(cells, {name: ""}, 1, lambda _: "")
    )


def _values(
    cells: Iterable[QualityCell], names: Iterable[str], scale: int, more: Callable[[str], str]
) -> Iterator[str]:
    wanted = set(names)
    for cell in cells:
        for number in cell.numbers:
            if number.name in wanted:
                yield from (
                    f'{_labels(cell.key)}{more(number.name)},bound="{bound}"}} {value * scale:.6g}'
                    for bound, value in _bounds(number)
                )


def _bounds(number: Number) -> Iterator[tuple[str, float]]:
    for bound, value in (("point", number.value), ("low", number.low), ("high", number.high)):
        if value is not None:
            yield bound, value


def _family(name: str, help_text: str, samples: Iterable[str]) -> list[str]:
    full = f"wetread_quality_{name}"
    lines = [f"# TYPE {full} gauge", f"# HELP {full} {help_text}"]
    if name.endswith("_seconds"):
        lines.insert(1, f"# UNIT {full} seconds")
    return lines + [f"{full}{each}" for each in samples]


def _one(name: str, help_text: str, value: str) -> list[str]:
    return _family(name, help_text, (f" {value}",))


def _labels(key: CellKey) -> str:
    return _open_labels(("site", key.site), ("scanner", key.scanner), ("finding", key.finding), ("model", key.model))
