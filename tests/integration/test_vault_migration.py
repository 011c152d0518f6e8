"""A vault of the first release keeps whom its studies are of, and takes their late films."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from wetread.domain.identifiers import InstanceKey, SOPInstanceUID
from wetread.storage import migrate
from wetread.storage.codec import encode
from wetread.storage.engine import make_engine
from wetread.storage.migrate import upgrade, version_table
from wetread.storage.vault import SqlVault
from wetread.testing.builders import STUDY_KEY, a_header, a_vault_instance, an_identity

FOLDER = Path(migrate.__file__).parent / "migrations"


def test_studies_of_the_first_release_keep_their_number_and_take_late_films(tmp_path: Path) -> None:
    url, identity = f"sqlite:///{tmp_path}/vault.db", an_identity()
    engine = make_engine(url)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection, "version_table": version_table("vault")})
        config.set_main_option("script_location", str(FOLDER))
        config.set_main_option("version_locations", str(FOLDER / "vault"))
        config.set_main_option("path_separator", "newline")
        command.upgrade(config, "0001")
        row = "INSERT INTO studies VALUES (:key, :uid, :number, :issuer, '', '', '', '', :identity)"
        header = a_header(identity=identity)
        of = {
            "key": STUDY_KEY,
            "uid": header.study_instance_uid,
            "number": identity.patient_id,
            "issuer": identity.issuer_of_patient_id,
        }
        connection.execute(text(row), {**of, "identity": encode(identity)})
    engine.dispose()
    assert upgrade(url, "vault")
    vault = SqlVault(url)
    late = a_header(identity=identity, sop_instance_uid=SOPInstanceUID("2.25.99"))
    vault.admit([a_vault_instance(header=late, instance_key=InstanceKey("late"))])
    assert vault.study(STUDY_KEY).identity == identity
    vault.close()
