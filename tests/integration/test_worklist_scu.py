"""Orders of a modality worklist: DCMTK's, asked by the parts that `wetread ae worklist` runs, and worklists that lie, flood, stall and break off."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from migrated import data_folder
from neighbours.dcmtk import DimsePeer, wlmscpfs
from neighbours.process import free_port
from neighbours.scp import answering_calls
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt
from tests.builders_delivery import NOW
from tests.order_world import a_film

from wetread.bootstrap import build_core, build_reception, build_sandbox
from wetread.bootstrap_orders import build_order_desk, build_order_store, build_worklist_work, hears_orders
from wetread.cli import main
from wetread.cli.serve import _companions
from wetread.dicom.remote_ae import RemoteAe
from wetread.dicom.worklist_scu import MODALITY_WORKLIST, WorklistScu
from wetread.dimse_neighbours import worklist_of
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.finding import Code
from wetread.domain.identifiers import StudyInstanceUID, study_key
from wetread.domain.identity_hold import HoldKind
from wetread.domain.priority import Priority
from wetread.domain.study import Indication
from wetread.settings import SettingsError, load_settings

RIS = {"ae_title": "RIS", "host": "127.0.0.1", "port": 104, "we_use": ["worklist"]}


def scheduled(accession: str = "ACC001", patient_id: str = "PAT001", **more: object) -> Dataset:
    """An answer of a worklist (PS3.4 table K.6-1)."""
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle, step.ScheduledProcedureStepID = "DX", "DX1", "S1"
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20261129", "030000"
    step.ScheduledProcedureStepDescription = "chest pa"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "399208008", "SCT", "Chest X-ray"
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = MODALITY_WORKLIST
    made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.AccessionNumber, made.PatientID, made.IssuerOfPatientID = accession, patient_id, "HOSPITAL"
    made.PatientName, made.PatientBirthDate, made.PatientSex = "Müller^Jane", "19700102", "F"
    made.StudyInstanceUID, made.RequestedProcedureID = "1.2.3", "RP1"
    made.RequestedProcedureDescription, made.RequestedProcedurePriority = "Chest, two views", "STAT"
    made.ReasonForTheRequestedProcedure = "cough"
    made.ScheduledProcedureStepSequence, made.RequestedProcedureCodeSequence = [step], [code]
    for keyword, value in more.items():
        setattr(made, keyword, value)
    return made


@pytest.fixture(scope="module")
def worklist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DimsePeer]:
    answers = [scheduled(), scheduled("ACC002"), scheduled("ACC001", "PAT002", RequestedProcedureID="RP2")]
    with wlmscpfs(tmp_path_factory.mktemp("worklist"), answers) as peer:
        yield peer


def scu(peer: DimsePeer) -> WorklistScu:
    return WorklistScu(RemoteAe(peer.ae_title, "127.0.0.1", peer.port, timeout_s=60))


@pytest.mark.real
def test_dcmtk_answers_with_what_was_scheduled(worklist: DimsePeer) -> None:
    said = scu(worklist).scheduled("ACC001", NOW)
    order, other = sorted(said.orders, key=lambda each: each.person.number.patient_id)
    assert other.person.number.patient_id == "PAT002"
    assert (said.unreadable, said.complete) == (0, True)
    assert (order.accession_number, order.priority, order.indication) == (
        "ACC001",
        Priority.STAT,
        Indication("cough"),
    )
    assert (order.person.number.patient_id, order.person.name, order.person.birth_date) == (
        "PAT001",
        "Müller^Jane",
        "19700102",
    )
    assert order.procedure == Code("399208008", "SCT", "Chest X-ray")


@pytest.mark.real
def test_dcmtk_answers_with_nothing_under_another_number(worklist: DimsePeer) -> None:
    assert scu(worklist).scheduled("ACC009", NOW).orders == ()


@pytest.mark.real
def test_check_says_what_the_worklist_answers(
    worklist: DimsePeer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def checked(port: int, title: str) -> tuple[int, dict[str, str]]:
        config = tmp_path / "wetread.toml"
        config.write_text(
            f'[[application_entities]]\nae_title = "{title}"\nhost = "127.0.0.1"\nport = {port}\ntimeout_s = 60.0\nwe_use = ["worklist"]\n'
        )
        status = main(["ae", "check", "--json", "--config", str(config)])
        (steps,) = json.loads(capsys.readouterr().out).values()
        return status, {each["name"]: f"{each['verdict']} {each['note']}".strip() for each in steps}

    status, good = checked(worklist.port, worklist.ae_title)
    assert (status, good["C-FIND, modality worklist"]) == (0, "yes")
    with answering(lambda _: [(0xFF00, scheduled())]) as port:
        status, bad = checked(port, "RIS")
    assert (status, "does not match by accession number" in bad["C-FIND, modality worklist"]) == (1, True)
    with answering(lambda _: [(0xA700, None)]) as port:
        assert "cannot search now" in checked(port, "RIS")[1]["C-FIND, modality worklist"]


@pytest.mark.real
def test_a_film_that_comes_gets_its_order_from_dcmtk(worklist: DimsePeer, tmp_path: Path) -> None:
    entity = RIS | {"ae_title": worklist.ae_title, "port": worklist.port}
    core = build_core(load_settings(data_dir=data_folder(tmp_path), application_entities=[entity]))
    desk = build_order_desk(core.settings, core.database, core.vault, core.clock, core.secret)
    sandbox = build_sandbox(core.settings)
    try:
        incoming = core.files.receive()
        incoming.write(a_film(PatientName="Roe^Mary", PatientBirthDate="19550505"))
        (outcome,) = build_reception(core, sandbox).receive([incoming], "test")
        peer = worklist_of(core.settings)
        assert peer is not None
        work = build_worklist_work(peer, desk)
        assert [work.run_one(), work.run_one()] == [True, False]
        (order,) = build_order_store(core.settings).orders_of("ACC001")
        key = study_key(core.secret, StudyInstanceUID(outcome.study_instance_uid))
        with core.database.begin(write=False) as unit:
            (hold,) = unit.holds_of([key])[key]
    finally:
        sandbox.close()
        core.database.close()
        core.vault.close()
    assert order.person.number.patient_id == "PAT001"
    assert hold.kind is HoldKind.PATIENT_MISMATCH


def test_the_service_starts_who_asks_only_where_there_is_a_worklist(capsys: pytest.CaptureFixture[str]) -> None:
    assert "ae worklist" in _companions(load_settings(application_entities=[RIS]))
    assert "ae worklist" not in _companions(load_settings())
    assert main(["ae", "worklist"]) != 0
    assert "no worklist is in the settings" in capsys.readouterr().err


Reply = Callable[[evt.Event], Any]


@contextmanager
def answering(reply: Reply) -> Iterator[int]:
    """A worklist that answers a C-FIND with what `reply` gives."""

    def found(event: evt.Event) -> Iterator[Any]:
        yield from reply(event)

    ae = AE("RIS")
    ae.add_supported_context(MODALITY_WORKLIST)
    ae.add_supported_context("1.2.840.10008.1.1")
    with answering_calls(ae, (evt.EVT_C_FIND, found)) as port:
        yield port


def asked(port: int, timeout_s: float = 60) -> WorklistScu:
    return WorklistScu(RemoteAe("RIS", "127.0.0.1", port, timeout_s=timeout_s))


def test_a_worklist_that_goes_on_for_ever_is_cut_off() -> None:
    def endless(_: evt.Event) -> Iterator[Any]:
        while True:
            yield 0xFF00, scheduled()

    with answering(endless) as port:
        said = asked(port).scheduled("ACC001", NOW)
    assert (len(said.orders), said.complete) == (20, False)


def test_one_that_stalls_breaks_off_or_fails(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wetread")

    def stalls(event: evt.Event) -> Iterator[Any]:
        yield 0xFF00, scheduled()
        event.assoc.dul.join(60)

    def breaks_off(event: evt.Event) -> Iterator[Any]:
        event.assoc.abort()
        yield 0xFF00, scheduled()

    replies: list[tuple[Reply, type[Exception], str]] = [
        (stalls, TransientError, "too_slow"),
        (breaks_off, TransientError, "broke_off"),
        (lambda _: [(0xA700, None)], TransientError, "receiver_busy"),
        (lambda _: [(0xC001, None)], PermanentError, "query_refused"),
    ]
    for reply, error, code in replies:
        with answering(reply) as port, pytest.raises(error) as caught:
            asked(port, 3 if reply is stalls else 60).scheduled("ACC001", NOW)
        assert getattr(caught.value, "code", "") == code
        assert not [each for each in ("ACC001", "PAT001", "ller") if each in str(caught.value) + caplog.text]
    with pytest.raises(TransientError):
        asked(free_port()).scheduled("ACC001", NOW)


def test_what_names_nobody_is_counted_and_not_taken() -> None:
    answers = [(0xFF00, scheduled(patient_id="")), (0xFF00, scheduled(accession=""))]
    with answering(lambda _: answers) as port:
        said = asked(port).scheduled("ACC001", NOW)
    assert (said.orders, said.unreadable, said.complete) == ((), 2, True)


def test_the_worklist_is_one_of_the_application_entities() -> None:
    settings = load_settings(application_entities=[RIS])
    peer = worklist_of(settings)
    assert peer is not None
    assert (peer.ae_title, peer.port) == ("RIS", 104)
    assert hears_orders(settings)
    assert worklist_of(load_settings(application_entities=[RIS | {"we_use": ["store"]}])) is None
    assert not hears_orders(load_settings())
    assert hears_orders(load_settings(fhir_requests={}, record_fhir_url="https://fhir.example/r4"))
    with pytest.raises(SettingsError, match="worklist"):
        worklist_of(load_settings(application_entities=[RIS, RIS | {"ae_title": "RIS2"}]))
