"""Fetches a patient's earlier chest films from other archives, to hang beside a new one: by number, issuer and birth date together, never by name.

Where what an archive has may be of another person nothing is fetched, and the reader is told so.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from re import findall

from wetread.domain.acting_from import acting_from
from wetread.domain.archive import ArchivedInstance, ArchivedStudy, StudyQuery
from wetread.domain.archive_feed import PriorFetch, PriorOutcome, PriorSearch
from wetread.domain.audit import AuditEvent
from wetread.domain.erasure import TombstoneState
from wetread.domain.errors import PermanentError, WetreadError
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.prior import dicom_day
from wetread.domain.study import PatientIdentity
from wetread.ingest.archive_inbox import ReceptionInbox
from wetread.ingest.fault_points import reach
from wetread.ingest.outcome import PatientClaim
from wetread.ingest.reception import Reception
from wetread.ingest.register import Fetched
from wetread.ingest.suitability import SuitabilityPolicy
from wetread.ingest.wanted import Holdings
from wetread.ports.archive import Archive
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.vault import Vault

__all__ = ["AskedArchive", "PriorFetcher", "of_this_patient"]

_MOST_LISTED = 200
_CHEST = SuitabilityPolicy().chest_words


@dataclass(frozen=True, slots=True)
class AskedArchive:
    """`issuer`: whose numbers an archive uses that does not say so itself, "" where nobody knows. `resting` ones are not asked. `address`: where it is, for the audit."""

    archive: Archive
    issuer: str = ""
    rests: Callable[[], bool] = lambda: False
    address: Callable[[], str] = lambda: ""


def of_this_patient(
    who: PatientIdentity, listed: Iterable[ArchivedStudy], issuer: str = ""
) -> tuple[ArchivedStudy, ...] | None:
    """Those that are certainly of `who`; None where it cannot be told. `issuer` stands in for one that the archive does not name.

    The number alone proves nothing: the issuer must be the same, and a birth date that differs makes the number two persons'. Without an issuer the birth dates must be there and
    be the same.
    """
    mine = []
    for each in listed:
        theirs = each.issuer_of_patient_id or issuer
        if each.patient_id != who.patient_id or (
            theirs and who.issuer_of_patient_id and theirs != who.issuer_of_patient_id
        ):
            continue
        if theirs != who.issuer_of_patient_id:
            return None
        born, known = each.patient_birth_date, who.patient_birth_date
        if (born and known and born != known) or (not theirs and not (born and known)):
            return None
        mine.append(each)
    return tuple(mine)


@dataclass(frozen=True, slots=True)
class PriorFetcher:
    """At most `most` studies of each archive, none older than `within_days`, the newest first."""

    archives: Sequence[AskedArchive]
    reception: Reception
    vault: Vault
    database: Database
    holdings: Holdings
    clock: Clock
    most: int
    within_days: int

    def fetch(self, study_key: StudyKey, alive: Callable[[], None] = lambda: None) -> PriorSearch:
        """Asks every archive and keeps what came of it. Repeated, it fetches what is not here yet. Raises StudyNotFound."""
        who = self.vault.on_behalf_of(of_service(Purpose.ARCHIVES)).study(study_key).identity
        taken = dicom_day(who.study_date)
        addresses = tuple(each.address() for each in self.archives)
        if not who.patient_id.strip() or taken is None:
            nothing = tuple(PriorFetch(each.archive.name, PriorOutcome.UNIDENTIFIED) for each in self.archives)
            return self._kept(PriorSearch(study_key, self.clock.now(), nothing), addresses)
        fetches = []
        for each, address in zip(self.archives, addresses, strict=True):
            with acting_from(address):
                fetches.append(self._from(each, study_key, who, taken, alive))
        return self._kept(PriorSearch(study_key, self.clock.now(), tuple(fetches)), addresses)

    def find(
        self, asked: AskedArchive, who: PatientIdentity, taken: date
    ) -> tuple[tuple[ArchivedStudy, ...] | None, bool]:
        """What is certainly theirs and a radiograph, newest first, and whether the archive told all."""
        query = StudyQuery(
            patient_id=who.patient_id, taken_from=taken - timedelta(days=self.within_days), taken_until=taken
        )
        listed = asked.archive.studies(query, _MOST_LISTED)
        mine = of_this_patient(who, listed.studies, asked.issuer)
        if mine is None:
            return None, listed.complete
        films = (each for each in mine if not each.modalities or {"CR", "DX"} & set(each.modalities))
        return tuple(sorted(films, key=lambda each: each.study_date, reverse=True)), listed.complete

    def _from(
        self, asked: AskedArchive, study_key: StudyKey, who: PatientIdentity, taken: date, alive: Callable[[], None]
    ) -> PriorFetch:
        name = asked.archive.name
        if asked.rests():
            return PriorFetch(name, PriorOutcome.AWAY)
        try:
            mine, complete = self.find(asked, who, taken)
        except WetreadError:
            return PriorFetch(name, PriorOutcome.AWAY)
        if mine is None:
            return PriorFetch(name, PriorOutcome.AMBIGUOUS)
        fetched, whole = 0, complete
        for study in mine:
            if fetched == self.most:
                break
            try:
                fetched += self._bring(asked, study, study_key, who, alive)
            except WetreadError:
                whole = False
        told = PriorOutcome.FETCHED if fetched else PriorOutcome.NONE
        return PriorFetch(name, told if whole else PriorOutcome.PARTLY, fetched)

    def _bring(
        self,
        asked: AskedArchive,
        study: ArchivedStudy,
        study_key: StudyKey,
        who: PatientIdentity,
        alive: Callable[[], None],
    ) -> int:
        """1 when a study came, 0 when it is here already or holds no chest film. Raises where less came than there is."""
        key = self.holdings.key_of(study.study_instance_uid)
        if key == study_key or self._is_here(key):
            return 0
        films = [each for each in asked.archive.instances(study.study_instance_uid) if _is_chest_film(each, study)]
        claim = PatientClaim(who.patient_id, who.issuer_of_patient_id, who.patient_birth_date)
        fetched = self._fetched(key)
        missing = [each for each in films if self.holdings.name_of(each) not in fetched]
        inbox = ReceptionInbox(
            self.reception, f"archive:{asked.archive.name}", claim, Fetched(asked.archive.name, study_key), alive
        )
        for film in missing:
            asked.archive.retrieve(film, inbox)
            reach("prior_fetched")
        if inbox.taken < len(missing):
            raise PermanentError("less came than the archive listed", code="prior_incomplete")
        return 1 if films else 0

    def _is_here(self, key: StudyKey) -> bool:
        """As a study of ours. A copy may be half of one: it is completed. What was erased is not fetched back."""
        with self.database.begin(write=False) as unit:
            erased = unit.tombstone(key)
            if erased is not None and erased.state is not TombstoneState.RELEASED:
                return True
            return unit.find_study(key) is not None and unit.copy(key) is None

    def _fetched(self, key: StudyKey) -> frozenset[InstanceKey]:
        """By an earlier search, or one that broke off."""
        with self.database.begin(write=False) as unit:
            return frozenset(each.instance_key for each in unit.instances(key))

    def _kept(self, search: PriorSearch, addresses: Sequence[str]) -> PriorSearch:
        with self.database.begin() as unit:
            unit.save_prior_search(search)
            for each, address in zip(search.fetches, addresses, strict=True):
                facts = (("archive", each.archive), ("studies", str(each.studies)))
                event = AuditEvent(
                    "prior.fetch", f"archive:{each.archive}", each.outcome.value, search.study_key, facts
                )
                with acting_from(address):
                    unit.audit(event, search.searched_at)
            unit.commit()
        return search


def _is_chest_film(instance: ArchivedInstance, study: ArchivedStudy) -> bool:
    """By what the archive says; where it names no body part, by the study's description, and where that is silent too, perhaps."""
    if instance.modality not in ("CR", "DX"):
        return False
    said = instance.body_part_examined or study.study_description
    return not said or bool(set(findall("[A-Z]+", said.upper())) & _CHEST)
