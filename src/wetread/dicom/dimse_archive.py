"""What the vault and the file store answer a DIMSE query or retrieve with: rows as DICOM JSON, instances with their bytes. Own results are left out where machines may not have them."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wetread.dicom.dimse_identifier import PATIENT, SERIES, STUDY, Question
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, Reader
from wetread.domain.study import made_by_us
from wetread.ports.file_store import FileStore
from wetread.ports.vault import Search, Vault, VaultInstance, VaultSeries, VaultStudy
from wetread.signoff.own_results import without

__all__ = ["Attributes", "OwnArchive", "Row"]

Row = Mapping[str, Mapping[str, object]]
"""DICOM JSON (PS3.18 annex F)."""

_PATIENT_TAGS = ("00080005", "00100010", "00100020", "00100021", "00100030", "00100040")


@dataclass(frozen=True, slots=True)
class Attributes:
    """How QIDO-RS tells a row; a query by DIMSE is told the same."""

    of_study: Callable[[VaultStudy], Row]
    of_series: Callable[[VaultSeries], Row]
    of_instance: Callable[[VaultInstance], Row]


@dataclass(frozen=True, slots=True)
class OwnArchive:
    """`withheld`: of these studies, those whose own results no machine may have. `audit` raises where it cannot write: what is not written down is not told."""

    vault: Vault
    files: FileStore
    attributes: Attributes
    withheld: Callable[[Collection[StudyKey]], Collection[StudyKey]]
    audit: Callable[[Iterable[AuditEvent]], None]

    def find(self, question: Question, limit: int, actor_id: str) -> tuple[list[Row], bool]:
        """For `actor_id` at most `limit` rows, and whether there are more. Raises PermanentError(code='bad_query') for a value that cannot be matched."""
        order = ("PatientID",) if question.level == PATIENT else ()
        search = Search(question.match, limit + 1, order=order)
        if question.level in (PATIENT, STUDY):
            studies = self.vault.unnamed.search_studies(search)
            hidden = self.withheld({each.study_key for each in studies})
            there = [each for study in studies[:limit] if (each := self._shown(study, hidden)) and _has(search, each)]
            shown = self._named(there, actor_id)
            rows = [self.attributes.of_study(each) for each in shown]
            return (_patients(shown, rows) if question.level == PATIENT else rows), len(studies) > limit
        if question.level == SERIES:
            series = self.vault.unnamed.search_series(search)
            above = self._above(search, [each.study_key for each in series[:limit]], actor_id)
            return [
                {**above[each.study_key], **self.attributes.of_series(each)}
                for each in series[:limit]
                if self._may_show(each.first, above)
            ], len(series) > limit
        instances = self.vault.unnamed.search_instances(search)
        above = self._above(search, [each.study_key for each in instances[:limit]], actor_id)
        return [
            {**above[each.study_key], **self.attributes.of_instance(each)}
            for each in instances[:limit]
            if self._may_show(each, above)
        ], len(instances) > limit

    def select(self, question: Question, limit: int, actor_id: str) -> list[VaultInstance]:
        """The instances to retrieve. Raises PermanentError: code 'too_many' for more than `limit`, 'two_patients' where a PatientID is of more than one issuer."""
        found = self.vault.unnamed.search_instances(Search(question.match, limit + 1))
        if len(found) > limit:
            raise PermanentError(f"more than {limit} instances: ask for less at once", code="too_many")
        if question.level == PATIENT and len(self._issuers(_keys(found), actor_id)) > 1:
            raise PermanentError("this PatientID is of several issuers: name one", code="two_patients")
        hidden = self.withheld(_keys(found))
        return [each for each in found if not (each.study_key in hidden and made_by_us(each.header.traits))]

    def bytes_of(self, instance: VaultInstance) -> Path:
        """Where its bytes lie, hashed just now; raises PermanentError(code='bytes_missing' or 'bytes_damaged')."""
        path = self.files.path_of(instance.content_sha256)
        if not self.files.verify(instance.content_sha256):
            raise PermanentError("the stored bytes are damaged: restore them from the archive", code="bytes_damaged")
        return path

    def _shown(self, study: VaultStudy, hidden: Collection[StudyKey]) -> VaultStudy | None:
        if study.study_key not in hidden:
            return study
        return without(study, self.vault.unnamed.instances(study.study_key))

    def _named(self, studies: Iterable[VaultStudy], actor_id: str) -> list[VaultStudy]:
        """With identity, read for what is told alone."""
        told = {each.study_key: each for each in studies}
        held = self.vault.on_behalf_of(Reader(actor_id, Purpose.SEARCH)).identities(tuple(told))
        return [replace(each, identity=held[key]) for key, each in told.items() if key in held]

    def _issuers(self, keys: list[StudyKey], actor_id: str) -> set[str]:
        reader = Reader(actor_id, Purpose.SEARCH, ("issuer_of_patient_id",))
        return {each.issuer_of_patient_id for each in self.vault.on_behalf_of(reader).identities(keys).values()}

    def _above(self, search: Search, keys: Iterable[StudyKey], actor_id: str) -> "_Above":
        wanted = set(keys)
        studies, hidden = self.vault.unnamed.studies(wanted), self.withheld(wanted)
        shown = {key: self._shown(study, hidden) for key, study in studies.items()}
        there = self._named([each for each in shown.values() if each and _has(search, each)], actor_id)
        return _Above({each.study_key: self.attributes.of_study(each) for each in there}, hidden)

    @staticmethod
    def _may_show(instance: VaultInstance, above: "_Above") -> bool:
        key = instance.study_key
        return key in above and not (key in above.hidden and made_by_us(instance.header.traits))


class _Above(dict[StudyKey, Row]):
    """The studies' own rows, for the rows below them."""

    def __init__(self, rows: Mapping[StudyKey, Row], hidden: Collection[StudyKey]) -> None:
        super().__init__(rows)
        self.hidden = hidden


def _has(search: Search, study: VaultStudy) -> bool:
    """Whether the study matches ModalitiesInStudy as the caller may see it."""
    asked = search.match.get("ModalitiesInStudy", "")
    return not asked.strip("*") or not set(re.split(r"[,\\]", asked)).isdisjoint(study.modalities)


def _patients(studies: list[VaultStudy], rows: list[Row]) -> list[Row]:
    """One row for each PatientID and issuer, as the newest study has it; who has no PatientID has no unique key at this level."""
    found: dict[tuple[str, str], Row] = {}
    for study, row in sorted(zip(studies, rows, strict=True), key=lambda each: each[0].identity.study_date):
        who = study.identity
        if who.patient_id:
            found[who.patient_id, who.issuer_of_patient_id] = {tag: row[tag] for tag in _PATIENT_TAGS}
    return list(found.values())


def _keys(instances: Iterable[VaultInstance]) -> list[StudyKey]:
    return list(dict.fromkeys(each.study_key for each in instances))
