"""The crosswalk of research exports in the vault's database (`ports.crosswalk`)."""

from threading import Lock

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.ports.crosswalk import CrosswalkEntry, ResearchExport
from wetread.storage.engine import make_engine, translated, writing
from wetread.storage.transaction import replacing
from wetread.storage.vault_schema import research_exports, research_studies, vault_studies

__all__ = ["SqlCrosswalk"]

_EXPORTS, _STUDIES = research_exports.c, research_studies.c


class SqlCrosswalk:
    """`url` is the vault's. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._turn = Lock()

    def close(self) -> None:
        self._engine.dispose()

    def begun(self, export: ResearchExport) -> ResearchExport:
        row = {"export_name": export.name, "key": export.key.hex(), "options": " ".join(export.options)}
        with self._turn, writing(self._engine) as connection:
            connection.execute(insert(research_exports).values(row).on_conflict_do_nothing())
            held = connection.execute(select(research_exports).where(_EXPORTS.export_name == export.name)).one()
        return ResearchExport(held.export_name, bytes.fromhex(held.key), tuple(held.options.split()))

    def remember(self, name: str, entry: CrosswalkEntry) -> None:
        row = {
            "export_name": name,
            "study_key": entry.study_key,
            "patient": entry.patient,
            "study_uid": entry.study_uid,
        }
        with self._turn, writing(self._engine) as connection:
            held = select(vault_studies.c.study_key).where(vault_studies.c.study_key == entry.study_key)
            if connection.execute(held).first() is None:
                raise StudyNotFound("the vault holds no such study: it was erased, or never admitted here")
            connection.execute(replacing(research_studies), row)

    def entries(self, name: str) -> tuple[CrosswalkEntry, ...]:
        query = select(research_studies).where(_STUDIES.export_name == name).order_by(_STUDIES.study_key)
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return tuple(CrosswalkEntry(StudyKey(row.study_key), row.patient, row.study_uid) for row in rows)
