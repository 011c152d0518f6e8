"""An archive as the source of a run: which of its studies, listed day after day, and of those which instances may be chest films by what its index says.

A day is asked for until an answer brings nothing new: pages of an archive that grows meanwhile move, and a study that slips over the edge of one is in the next answer. What comes for a day after it
was listed belongs to another run.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from wetread.batch.connections import Connections
from wetread.batch.film_list import ListedFilm
from wetread.batch.listing import ListedStep
from wetread.domain.archive import ArchivedInstance, ArchivedStudy, StudyQuery
from wetread.domain.errors import PermanentError, WetreadError
from wetread.ingest.suitability import SuitabilityPolicy, may_be_chest_film
from wetread.ports.archive import Archive

__all__ = ["INCOMPLETE", "NOT_THERE", "ArchiveQuery", "ArchiveSource", "StudyBatch", "wanted_of"]

_NOT_WHOLE, _NOT_LISTED = "days_not_listed_whole", "study_not_listed"
INCOMPLETE = (_NOT_WHOLE, _NOT_LISTED)
"""Counted with what was left out: days of which the archive told studies that were not asked for, or repeated itself; studies whose instances it cannot tell."""
NOT_THERE = "study_not_there"
_OF_ONE_STUDY = ("receiver_failed", "broke_off", "bad_answer", "refused", "too_many")
_MOST_FAILURES = 16
"""Studies of one step that cannot be listed: with more it is the archive."""
_STEP_STUDIES = 256
_FEW_STUDIES = 64
_MOST_OF_A_DAY = 20_000
_MOST_ANSWERS = 8
_LONGEST_SPAN_DAYS = 366
_POLICY = SuitabilityPolicy()


@dataclass(frozen=True, slots=True)
class ArchiveQuery:
    """Of which films: either of `studies`, in this order, or of all studies of the days from `taken_from` to `taken_until` (None: until now); of these `modalities`; with `station`, only what its index says is of that StationName."""

    taken_from: date = date.min
    taken_until: date | None = None
    studies: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ("CR", "DX")
    station: str = ""

    def __str__(self) -> str:
        """Names no study."""
        named = hashlib.sha256("\n".join(self.studies).encode()).hexdigest()
        of = f"studies {named}" if self.studies else f"{self.taken_from} to {self.taken_until or 'now'}"
        return f"{of}, {' '.join(self.modalities)}" + (f", station {self.station}" if self.station else "")


@dataclass(frozen=True, slots=True)
class StudyBatch:
    """Studies of one step; the next begins at `cursor`, and what is behind that is `share` 0..1 of all. `whole`: False where the archive may have more of these days."""

    studies: tuple[str, ...]
    cursor: str
    share: float
    whole: bool = True


def wanted_of(
    instances: Sequence[ArchivedInstance], query: ArchiveQuery
) -> tuple[list[ArchivedInstance], Counter[str]]:
    """Those that may be films as asked for, by UID, and how many are left out by reason. Where the index does not say modality or body part, the film itself decides."""
    wanted, left_out = [], Counter[str]()
    for each in sorted(instances, key=lambda each: (each.series_instance_uid, each.sop_instance_uid)):
        reason = _unwanted(each, query)
        if reason:
            left_out[reason] += 1
        else:
            wanted.append(each)
    return wanted, left_out


def _unwanted(instance: ArchivedInstance, query: ArchiveQuery) -> str:
    if not may_be_chest_film(instance.modality, instance.sop_class_uid, instance.body_part_examined, _POLICY):
        return "no_chest_film"
    if instance.modality and instance.modality not in query.modalities:
        return "other_modality"
    if query.station and not instance.station_name:
        return "station_not_told"
    return "other_station" if query.station and instance.station_name != query.station else ""


class ArchiveSource:
    """Implements `batch.listing.SteppedSource`. The connections are asked for nothing else meanwhile."""

    groups: tuple[str, ...] = ()

    def __init__(self, connections: Connections, query: ArchiveQuery, today: date) -> None:
        self._connections, self._query = connections, query
        self._last_day = query.taken_until or today

    def steps(self, cursor: str) -> Iterator[ListedStep]:
        for batch in self.studies(cursor):
            films, left_out = list[ListedFilm](), Counter({_NOT_WHOLE: int(not batch.whole)})
            for instances in self.instances(batch.studies):
                wanted, unwanted = self.wanted(instances)
                films += [_film(each) for each in wanted]
                left_out += unwanted
            yield ListedStep(batch.cursor, tuple(films), len(batch.studies), left_out, batch.share)

    def studies(self, cursor: str = "") -> Iterator[StudyBatch]:
        """From where a step ended. Raises PermanentError(code='too_many') where one day has more studies than can be listed at once."""
        return self._named(int(cursor or 0)) if self._query.studies else self._by_day(cursor)

    def instances(self, studies: Sequence[str]) -> list[tuple[ArchivedInstance, ...] | None]:
        """Of each study, in their order; None for one that the archive cannot list. Raises what the archive ends with where it is not the study."""
        for number, uid in enumerate(studies):
            self._connections.ask(number, _instances_of(uid))
        listed: dict[int, tuple[ArchivedInstance, ...] | None] = {}
        failures = 0
        for _ in studies:
            number, answer = self._answer()
            if isinstance(answer, Exception):
                failures += 1
                if failures > _MOST_FAILURES or not (isinstance(answer, WetreadError) and answer.code in _OF_ONE_STUDY):
                    raise answer
                answer = None
            listed[number] = answer
        return [listed[number] for number in range(len(studies))]

    def wanted(self, instances: tuple[ArchivedInstance, ...] | None) -> tuple[list[ArchivedInstance], Counter[str]]:
        """Of one study."""
        if not instances:
            return [], Counter({_NOT_LISTED if instances is None else NOT_THERE: 1})
        return wanted_of(instances, self._query)

    def _named(self, position: int) -> Iterator[StudyBatch]:
        named = tuple(dict.fromkeys(self._query.studies))
        for start in range(position, len(named), _STEP_STUDIES):
            end = min(start + _STEP_STUDIES, len(named))
            yield StudyBatch(named[start:end], str(end), end / len(named))

    def _by_day(self, cursor: str) -> Iterator[StudyBatch]:
        """As many days at once as bring about one step's studies."""
        first, last = self._query.taken_from, self._last_day
        days = (last - first).days + 1
        start, span = date.fromisoformat(cursor) if cursor else first, 1
        while start <= last:
            end = min(start + timedelta(days=span - 1), last)
            found, whole = self._between(start, end)
            if not whole and start < end:
                span = max(1, ((end - start).days + 1) // 4)
                continue
            start = end + timedelta(days=1)
            yield StudyBatch(found, start.isoformat(), (start - first).days / days, whole)
            span = min(span * 2, _LONGEST_SPAN_DAYS) if len(found) < _FEW_STUDIES else span

    def _between(self, start: date, end: date) -> tuple[tuple[str, ...], bool]:
        """By date and UID, and whether the archive told all of them."""
        limit = _STEP_STUDIES if start < end else _MOST_OF_A_DAY
        found: dict[str, ArchivedStudy] = {}
        whole = True
        for modality in self._query.modalities:
            of_modality, all_of_it = self._all_of(
                StudyQuery(taken_from=start, taken_until=end, modality=modality), limit
            )
            found |= of_modality
            whole = whole and all_of_it
        if start == end and len(found) >= _MOST_OF_A_DAY:
            raise PermanentError(
                f"more than {_MOST_OF_A_DAY} studies on {start}: ask for one --modality", code="too_many"
            )
        ordered = sorted(found.values(), key=lambda each: (each.study_date, each.study_instance_uid))
        return tuple(each.study_instance_uid for each in ordered), whole

    def _all_of(self, query: StudyQuery, limit: int) -> tuple[dict[str, ArchivedStudy], bool]:
        found: dict[str, ArchivedStudy] = {}
        for _ in range(_MOST_ANSWERS):
            known = len(found)
            self._connections.ask(0, lambda archive: archive.studies(query, limit))
            answer = self._answer()[1]
            if isinstance(answer, Exception):
                raise answer
            found |= {each.study_instance_uid: each for each in answer.studies}
            if not answer.complete:
                return found, False
            if len(found) == known:
                return found, True
        return found, False

    def _answer(self) -> tuple[int, Any]:
        told = self._connections.answer(wait=True)
        if told is None:
            raise LookupError("nothing was asked")
        return told


def _instances_of(uid: str) -> Callable[[Archive], tuple[ArchivedInstance, ...]]:
    return lambda archive: archive.instances(uid)


def _film(instance: ArchivedInstance) -> ListedFilm:
    return ListedFilm(f"{instance.study_instance_uid}/{instance.series_instance_uid}/{instance.sop_instance_uid}")
