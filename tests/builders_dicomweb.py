"""Studies behind the DICOMweb door, and an independent reader of multipart answers."""

from dataclasses import replace
from email.parser import BytesParser

from builders_web import SECRET, Browser, World, a_world

from wetread.domain.identifiers import StudyKey, instance_key
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.reading import ReadingMode
from wetread.domain.study import Sex
from wetread.ports.vault import Search, VaultInstance
from wetread.signoff.modes import ModePolicy
from wetread.testing.builders import a_header, a_vault_instance, an_identity, an_instance, image_traits

STUDIES = "/dicom-web/studies"


def add_second_film(world: World, number: int, series: str = "2", content: bytes = b"second film") -> None:
    """Another instance of study `number`, in its own series."""
    uid = f"2.25.{number}"
    study = world.services.vault.on_behalf_of(of_service(Purpose.CONSOLE)).search_studies(
        Search({"StudyInstanceUID": uid})
    )[0]
    incoming = world.services.file_store.receive()
    incoming.write(content)
    header = a_header(
        study_instance_uid=uid, series_instance_uid=f"{uid}.{series}", sop_instance_uid=f"{uid}.{series}.1", identity=study.identity,
        traits=image_traits(view_position="LL", modality="CR"), series_number="2", instance_number="7",
    )  # fmt: skip
    world.services.vault.admit(
        [
            a_vault_instance(
                instance_key="z" * 24, study_key=study.study_key, content_sha256=incoming.keep().sha256, header=header
            )
        ]
    )


def three_studies(world: World, door: Browser) -> Browser:
    """Of three people, and a radiologist who is signed in."""
    world.add_study(patient_id="A1", patient_name="Doe^Jane", accession_number="ACC1", study_date="20260101")
    world.add_study(patient_id="A2", patient_name="Doe^John", accession_number="ACC2", study_date="20260201")
    world.add_study(
        patient_id="B1",
        patient_name="Müller^Eva=美^恵",
        accession_number="ACC3",
        study_date="20260301",
        patient_sex=Sex.UNKNOWN,
    )
    return door.as_("radiologist")


def parts_of(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """The parts of a multipart body by the standard library's mail parser, not by our code."""
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode() + body)
    return [(part["Content-Type"], part.get_payload(decode=True)) for part in message.get_payload()]  # type: ignore[misc, union-attr]


def send_back(world: World, key: StudyKey) -> None:
    """Our own heat map object, as an archive forwards it."""
    traits = image_traits(manufacturer="wetread", series_description="kuduobject", modality="OT")
    header = a_header(
        study_instance_uid="2.25.1",
        series_instance_uid="2.25.77",
        sop_instance_uid="2.25.77.1",
        traits=traits,
        identity=an_identity(patient_id="P1", accession_number="A1"),
    )
    incoming = world.services.file_store.receive()
    incoming.write(b"kuduobject")
    sha256 = incoming.keep().sha256
    film_key = instance_key(SECRET, header.sop_instance_uid)
    world.services.vault.admit([VaultInstance(film_key, key, sha256, header)])
    with world.services.database.begin() as unit:
        unit.admit_instance(an_instance(instance_key=film_key, study_key=key, content_sha256=sha256, traits=traits))
        unit.commit()


def second_reader_world(mode: ReadingMode = ReadingMode.SECOND_READER) -> World:
    world = a_world()
    desk = replace(world.services.desk, modes=ModePolicy(mode))
    world.services = replace(world.services, desk=desk)
    return world
