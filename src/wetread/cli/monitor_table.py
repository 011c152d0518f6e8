"""A quality report as lines of a terminal: one table per site, scanner and model version, a line per finding."""

from collections.abc import Iterator
from itertools import groupby

from wetread.domain.quality import ADJUDICATED, OWN, CellKey, FilmDrift, Number, QualityCell, QualityReport, TagDrift
from wetread.monitoring.wording import blind_basis, blind_error, blind_said, without_blind_truth

__all__ = ["quality_lines"]

_OWN_SHOWN = ("sensitivity", "specificity", "auroc", "signed_otherwise")
_COLUMNS = ("sensitivity", "specificity", "ppv", "auroc", "override")


def quality_lines(report: QualityReport) -> list[str]:
    """Every rate with its 95 % interval; "n 7" where there are too few cases to say more."""
    left_out = [f"left out: {n} studies, {why}" for why, n in report.left_out]
    if not report.cells:
        return [f"no signed study since {report.since} was read by a calibrated model", *left_out]
    return [
        f"{report.studies} signed studies received since {report.since}; a finding not mentioned counts as {_counted(report)}",
        *left_out,
        *(line for place, cells in groupby(report.cells, _place) for line in _table(place, list(cells))),
        *(line for place, tags in groupby(report.tags, _films) for line in _tag_table(place, list(tags))),
        *_looks(report),
        *_blind(report),
        "",
        *sorted({f"basis: {each.basis}" for each in report.cells}),
        *sorted({f"basis of rounds: {ADJUDICATED}" for each in report.cells if each.adjudicated}),
        *sorted({f"basis of own blind findings: {OWN}" for each in report.cells if each.own}),
        *(f"note: round {each}: {n} studies undecided, not counted before all are" for each, n in report.unfinished),
        *(f"note: {each}" for each in report.notes),
    ]


def _counted(report: QualityReport) -> str:
    return "absent" if report.unmentioned_as == "negative" else "unlabelled"


def _place(cell: QualityCell) -> tuple[str, str, str]:
    return cell.key.site, cell.key.scanner, cell.key.model


def _table(place: tuple[str, str, str], cells: list[QualityCell]) -> Iterator[str]:
    site, scanner, model = place
    yield ""
    yield f"{site}, {scanner}, {model}: {max(each.studies for each in cells)} studies"
    heads = "".join(f"{each:<19}" for each in _COLUMNS)
    yield f"{'finding':<22}{'positive of n':>14}  {heads}{'FP/100':<18}{'ECE (by chance)':<17}{'PSI (limit)':<13}"
    for cell in cells:
        rates = "".join(f"{_rate(cell.number(each)):<19}" for each in _COLUMNS)
        of = f"{cell.positive} of {cell.positive + cell.negative}"
        yield (
            f"{cell.key.finding:<22}{of:>14}  {rates}{_rate(cell.number('fp_per_100_studies'), 1):<18}"
            f"{_pair(cell, 'ece', 'ece_null_mean'):<17}{_pair(cell, 'psi', 'psi_critical'):<13}"
        ).rstrip()
    yield from _studies_of_all(cells)
    for cell in cells:
        yield from _adjudicated(cell)
        yield from _own(cell)
        yield from _worse(cell)


def _blind(report: QualityReport) -> Iterator[str]:
    yield ""
    yield "errors by truths in which the AI had no part"
    for each in report.blind:
        place = f"{each.key.finding}, {each.key.site}, {each.key.model}"
        yield f"{place}, {blind_basis(each)}: {blind_error(each)} {blind_said(each)}"
    yield from without_blind_truth(report)


def _films(tag: TagDrift) -> tuple[str, str]:
    return tag.site, tag.model


def _tag_table(place: tuple[str, str], tags: list[TagDrift]) -> Iterator[str]:
    yield ""
    yield f"films of {', '.join(place)} against the reference, one study a patient"
    yield f"{'tag':<14}{'changed':<9}{'chi-square (p)':<20}{'n (reference)':<15}largest changes"
    for tag in tags:
        n = f"{tag.n} ({tag.n_reference})"
        if tag.distance is None:
            yield f"{tag.tag:<14}{'':<9}{'':<20}{n:<15}{tag.refused}"
        else:
            test = f"{tag.statistic:.1f} ({tag.p:.2g})"
            changes = ", ".join(f"{name} {before:.0%} to {now:.0%}" for name, before, now in tag.shares[:3])
            yield f"{tag.tag:<14}{tag.distance:<9.0%}{test:<20}{n:<15}{changes}"


def _looks(report: QualityReport) -> Iterator[str]:
    if report.films_unsaid:
        yield f"look of the films: {report.films_unsaid}"
    for each in report.films:
        yield f"look of the films, {each.site}, {each.model}: {each.refused or _told_apart(each)}"


def _told_apart(of: FilmDrift) -> str:
    return f"new told from old with AUROC {of.auroc:.2f} ({of.low:.2f}-{of.high:.2f}), MMD {of.mmd:.4f} (p {of.p:.2g}), n {of.n} (reference {of.n_reference})"


def _studies_of_all(cells: list[QualityCell]) -> Iterator[str]:
    """What is of the study, whatever the finding; and times by finding where there are enough."""
    edited = cells[0].number("edited")
    yield f"drafts edited before signing: {_rate(edited)} (n {edited.n})"
    for cell in cells:
        times = [(name, cell.number(f"turnaround_{name}_min")) for name in ("called", "not_called", "missed")]
        if any(each.value is not None for _, each in times):
            said = "; ".join(f"{name.replace('_', ' ')} {_minutes(each)}" for name, each in times)
            delta = cell.number("turnaround_delta_min")
            apart = "" if delta.value is None else f"; called minus not called {_minutes(delta)}"
            yield f"median minutes to signature, {cell.key.finding}: {said}{apart}"


def _adjudicated(cell: QualityCell) -> Iterator[str]:
    for each in cell.adjudicated:
        rates = ", ".join(f"{number.name} {_rate(number)}" for number in each.numbers)
        yield (
            f"{cell.key.finding}, round {each.round_id}: {rates}; {each.positive} positive, {each.negative} negative, {each.uncertain} uncertain of {each.studies} studies "
            f"drawn, received {each.first_day} to {each.last_day}"
        )


def _own(cell: QualityCell) -> Iterator[str]:
    own = cell.own
    if own:
        shown = [each for each in own.numbers if each.name in _OWN_SHOWN]
        yield (
            f"{cell.key.finding}, own blind findings: {', '.join(f'{_words(each.name)} {_rate(each)}' for each in shown)}; {own.positive} positive, {own.negative} negative, "
            f"{own.uncertain} uncertain of {own.studies} studies, received {own.first_day} to {own.last_day}"
        )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _worse(cell: QualityCell) -> Iterator[str]:
    for gap in cell.gaps:
        for group in gap.groups:
            if group.p_worse is not None and group.p_worse < 0.05 and group.value is not None:
                yield (
                    f"{_name(cell.key)}: {gap.rate} lower for {gap.axis} {group.group}: {group.value:.2f} "
                    f"({group.low:.2f}-{group.high:.2f}), n {group.n}, all {gap.overall:.2f} (Holm within the axis)"
                )


def _name(key: CellKey) -> str:
    return f"{key.finding} on {key.scanner}"


def _rate(number: Number, digits: int = 2) -> str:
    if number.value is None or number.low is None or number.high is None:
        return f"n {number.n}"
    return f"{number.value:.{digits}f} ({number.low:.{digits}f}-{number.high:.{digits}f})"


def _pair(cell: QualityCell, value: str, beside: str) -> str:
    number, limit = cell.number(value), cell.number(beside)
    if number.value is None:
        return f"n {number.n}"
    return f"{number.value:.3f} ({limit.value:.3f})" if limit.value is not None else f"{number.value:.3f}"


def _minutes(number: Number) -> str:
    if number.value is None or number.low is None or number.high is None:
        return f"n {number.n}"
    return f"{number.value:.0f} ({number.low:.0f}-{number.high:.0f}, n {number.n})"
