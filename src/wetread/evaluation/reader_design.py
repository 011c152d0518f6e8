"""Who read what in a reader study: fully crossed, readers in groups that have cases of their own (split plot), or cases nested in readers; anything else is refused with the reason.

Obuchowski 1995 (split plots); Obuchowski, Gallas & Hillis 2012 (how their analyses compare); Hillis 2014 (one analysis for all of these).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.evaluation.inputs import Flags

__all__ = ["ReaderDesign", "reader_design"]


@dataclass(frozen=True, slots=True)
class ReaderDesign:
    """`kind`: "fully crossed", "split plot" or "cases nested in readers"; by group, the places of its `readers` and of the `cases` that they alone read, each in every modality.

    Source: Obuchowski, Gallas & Hillis (2012), Acad Radiol 19:1508.
    """

    kind: str
    readers: tuple[tuple[int, ...], ...]
    cases: tuple[tuple[int, ...], ...]


def reader_design(read: Flags, modalities: Sequence[str] = (), readers: Sequence[str] = ()) -> ReaderDesign:
    """The design behind (modality, reader, case) flags of what was read. `modalities`, `readers`: names for the refusal; else places from 0 on.

    Raises PermanentError 'bad_reader_study' where a reader did not read the same cases in every modality, where two readers share some cases only, or where nobody read a case.
    Source: Obuchowski, Gallas & Hillis (2012), Acad Radiol 19:1508; Hillis (2014), Stat Med 33:330.
    """
    ways = modalities or [str(n) for n in range(len(read))]
    names = readers or [str(n) for n in range(read.shape[1])]
    _same_in_every_modality(read, ways, names)
    own = read[0]
    if not own.any(axis=0).all():
        raise _refused(f"{int((~own.any(axis=0)).sum())} cases were read by nobody")
    groups: dict[bytes, list[int]] = {}
    for place, cases in enumerate(own):
        groups.setdefault(cases.tobytes(), []).append(place)
    first = [members[0] for members in groups.values()]
    for n, one in enumerate(first):
        for other in first[n + 1 :]:
            if shared := int((own[one] & own[other]).sum()):
                raise _refused(
                    f"readers {names[one]} and {names[other]} share {shared} cases and not the others "
                    f"({int(own[one].sum())} and {int(own[other].sum())} read): two readers read the same cases, or none in common"
                )
    kind = (
        "fully crossed" if len(groups) == 1 else "split plot" if len(groups) < len(own) else "cases nested in readers"
    )
    return ReaderDesign(
        kind,
        tuple(tuple(members) for members in groups.values()),
        tuple(tuple(np.flatnonzero(own[place]).tolist()) for place in first),
    )


def _same_in_every_modality(read: Flags, ways: Sequence[str], names: Sequence[str]) -> None:
    for place, name in enumerate(names):
        counts = read[:, place].sum(axis=1)
        if not counts.all():
            raise _refused(
                f"reader {name} read nothing in modality {ways[int(counts.argmin())]}: readers nested in modalities are not analysed"
            )
        gaps = int((read[:, place].any(axis=0) & ~read[:, place].all(axis=0)).sum())
        if gaps:
            raise _refused(
                f"reader {name} read {gaps} cases in some modalities and not in others: reads are missing, or cases are nested in modalities, which is not analysed"
            )


def _refused(why: str) -> PermanentError:
    return PermanentError(
        f"{why}; the design must be fully crossed, or groups of readers must have cases of their own, each reader reading all of them in every modality",
        code="bad_reader_study",
    )
