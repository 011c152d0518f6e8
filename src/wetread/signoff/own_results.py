"""Our own result objects, come back from an archive: what they are, a study without them, and when a caller that is no person may have them (ADR-0020)."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import ReadingMode
from wetread.domain.study import made_by_us
from wetread.domain.study_state import REPORTED
from wetread.ports.database import UnitOfWork
from wetread.ports.vault import VaultInstance, VaultStudy

__all__ = ["withheld_from_machines", "without"]


def without(study: VaultStudy, held: Sequence[VaultInstance]) -> VaultStudy | None:
    """The study as if those of its instances (`held`) that we made were not there; None where nothing else is."""
    shown = [each.header for each in held if not made_by_us(each.header.traits)]
    if len(shown) == len(held):
        return study
    return (
        replace(
            study,
            modalities=tuple(sorted({each.traits.modality for each in shown})),
            number_of_instances=len(shown),
            number_of_series=len({each.series_instance_uid for each in shown}),
        )
        if shown
        else None
    )


def withheld_from_machines(
    unit: UnitOfWork, site_mode: ReadingMode, studies: Collection[StudyKey]
) -> frozenset[StudyKey]:
    """Of these studies, those whose own results no other system may have. Who looks at its screen is not known, so it is told what the least told reader is:
    nothing before a person has signed, nothing while an adjudicator's blinded answer is awaited, nothing at all where the site reads without AI.
    """
    if site_mode is ReadingMode.AI_OFF:
        return frozenset(studies)
    awaited = {task.study_key for task in unit.undecided_relabel_tasks()}
    found = {key: unit.find_study(key) for key in studies}
    return frozenset(
        key for key, study in found.items() if key in awaited or study is None or study.state not in REPORTED
    )
