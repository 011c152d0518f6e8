"""Decides what of signed studies goes into a folder for research, and under which names: films without identity, labels of what was signed, and nothing by which the house would know them.

Which study is which stands in the vault before anything of it is written; so does an audit record. An erased study is in no later run, and its line of the crosswalk goes with it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, Reader
from wetread.domain.role import Act, Actor, require
from wetread.domain.study import PatientIdentity
from wetread.monitoring.prediction_log import PredictionRow
from wetread.ports.clock import Clock
from wetread.ports.crosswalk import Crosswalk, CrosswalkEntry, ResearchExport
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.ports.film_export import ExportedFilm, FilmExporter
from wetread.ports.vault import Vault, VaultInstance, VaultReads

__all__ = ["ExportedStudy", "ResearchDesk", "Selection", "checked_name", "selected"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SHORTEST_NUMBER, _SHORTEST_NAME = 4, 4
_EXPORTED = "research.export"
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Selection:
    """Signed studies received `since`..`until` (both included), of `sites`, with one of `findings` signed as present; an empty one asks for nothing. `limit` 0: all."""

    since: date | None = None
    until: date | None = None
    sites: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    limit: int = 0


@dataclass(frozen=True, slots=True)
class ExportedStudy:
    """`rows` are the log's, of which only finding, label and its source leave; `refused`: films that were not written, by code."""

    patient: str
    study_uid: str
    rows: tuple[PredictionRow, ...]
    films: tuple[ExportedFilm, ...]
    refused: Counter[str] = field(default_factory=Counter)


def checked_name(name: str) -> str:
    """Raises PermanentError('bad_export_name')."""
    if not _NAME.fullmatch(name):
        raise PermanentError(
            "An export's name is lower-case letters, digits and hyphens, 40 at most.", code="bad_export_name"
        )
    return name


def selected(rows: Iterable[PredictionRow], wanted: Selection) -> dict[StudyKey, tuple[PredictionRow, ...]]:
    """Rows of the studies that are asked for, newest first."""
    by_study: dict[StudyKey, list[PredictionRow]] = {}
    for row in rows:
        by_study.setdefault(StudyKey(row.study), []).append(row)
    fitting = {key: tuple(each) for key, each in by_study.items() if _fits(each, wanted)}
    return dict(list(fitting.items())[: wanted.limit or None])


def _fits(rows: list[PredictionRow], wanted: Selection) -> bool:
    day, site = date.fromisoformat(rows[0].date), rows[0].site
    if (wanted.since and day < wanted.since) or (wanted.until and day > wanted.until):
        return False
    if wanted.sites and site not in wanted.sites:
        return False
    return not wanted.findings or any(row.finding in wanted.findings and row.label == "positive" for row in rows)


@dataclass(frozen=True, slots=True)
class ResearchDesk:
    """`rows` reads the prediction log; `exporter` writes the films of one export."""

    database: Database
    vault: Vault
    crosswalk: Crosswalk
    files: FileStore
    clock: Clock
    rows: Callable[[], Iterable[PredictionRow]]

    def look(self, actor: Actor, wanted: Selection) -> dict[StudyKey, tuple[PredictionRow, ...]]:
        """What would go; raises NotPermitted."""
        require(actor, Act.EXPORT_FILMS)
        return selected(self.rows(), wanted)

    def begin(self, actor: Actor, export: ResearchExport, studies: int) -> ResearchExport:
        """As it stands in the vault, which makes a second run the same. Raises NotPermitted, and PermanentError('export_differs') where it was begun with other options."""
        require(actor, Act.EXPORT_FILMS)
        held = self.crosswalk.begun(export)
        if held.options != export.options:
            said = " ".join(held.options) or "none"
            raise PermanentError(f"This export was begun with other options ({said}).", code="export_differs")
        self._audit(actor, _EXPORTED, held.name, None, ("studies", str(studies)))
        return held

    def who(self, actor: Actor, name: str, pseudonym: str) -> tuple[CrosswalkEntry, ...]:
        """The studies that an export calls by this patient or study UID. Audited also where there are none; raises NotPermitted."""
        require(actor, Act.EXPORT_FILMS)
        found = tuple(each for each in self.crosswalk.entries(name) if pseudonym in (each.patient, each.study_uid))
        keys: list[StudyKey | None] = [each.study_key for each in found]
        for key in keys or [None]:
            self._audit(actor, "research.reidentify", name, key, ("studies", str(len(found))))
        return found

    def run(
        self,
        actor: Actor,
        name: str,
        studies: dict[StudyKey, tuple[PredictionRow, ...]],
        exporter: FilmExporter,
    ) -> Iterator[ExportedStudy | None]:
        """Study by study; None for one that was erased meanwhile."""
        for key, rows in studies.items():
            held = self._named(actor).studies([key]).get(key)
            yield None if held is None else self._study(actor, name, key, rows, exporter, held.identity)

    def _study(
        self,
        actor: Actor,
        name: str,
        key: StudyKey,
        rows: tuple[PredictionRow, ...],
        exporter: FilmExporter,
        identity: PatientIdentity,
    ) -> ExportedStudy | None:
        instances = self._named(actor).instances(key)
        if not instances:
            return None
        subject = "\0".join((identity.issuer_of_patient_id, identity.patient_id or key))
        uid = exporter.study_uid(instances[0].header.study_instance_uid)
        entry = CrosswalkEntry(key, exporter.patient(subject), uid)
        self.crosswalk.remember(name, entry)
        self._audit(actor, _EXPORTED, name, key, ("films", str(len(instances))))
        films, refused = list[ExportedFilm](), Counter[str]()
        for instance in instances:
            try:
                path = self.files.path_of(instance.content_sha256)
                films.append(exporter.write(path, subject, _forbidden(identity, instance)))
            except PermanentError as error:
                refused[error.code] += 1
        return ExportedStudy(entry.patient, uid, rows, tuple(films), refused)

    def _named(self, actor: Actor) -> VaultReads:
        return self.vault.on_behalf_of(Reader(actor.actor_id, Purpose.EXPORT))

    def _audit(self, actor: Actor, action: str, name: str, key: StudyKey | None, fact: tuple[str, str]) -> None:
        event = AuditEvent(action, actor.actor_id, study_key=key, detail=(("export", checked_name(name)), fact))
        with self.database.begin() as unit:
            unit.audit(event, self.clock.now())
            unit.commit()


def _forbidden(identity: PatientIdentity, instance: VaultInstance) -> frozenset[str]:
    """What the vault knows of the patient and no exported header may say: names, numbers, UIDs, the birth date."""
    header = instance.header
    said = (identity, header.identity)
    numbers = {number for each in said for number in (each.patient_id, each.accession_number, each.study_id)}
    names = {
        word
        for each in said
        for name in (each.patient_name, each.referring_physician_name)
        for word in _LETTERS.findall(name)
    }
    dates = {each.patient_birth_date for each in said}
    uids = {header.study_instance_uid, header.series_instance_uid, header.sop_instance_uid}
    return frozenset(
        {each for each in numbers | dates | uids if len(each) >= _SHORTEST_NUMBER}
        | {each for each in names if len(each) >= _SHORTEST_NAME}
    )
