"""Storage commitment for what was stored here: answered from the bytes, over the same association or one of ours, to pynetdicom and to Orthanc."""

import json
import logging
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from archive_front import a_film, admit, audits, key
from builders_ingest import House
from hostile import CR_STORAGE, EXPLICIT, IMPLICIT
from neighbours.asking import ask_once
from neighbours.orthanc import orthanc
from neighbours.process import free_port
from neighbours.scp import answering_calls
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from pynetdicom.dsutils import encode
from tests.journey.waiting import wait_for

from wetread.dicom.commitment_caller import CommitmentCaller
from wetread.dicom.commitment_message import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    CommitmentMessage,
    Reference,
    Uncommitted,
    read_message,
    write_message,
)
from wetread.dicom.commitment_scp import CommitmentScp
from wetread.dicom.dimse import DimseDoor
from wetread.dicom.remote_ae import RemoteAe
from wetread.domain.commitment import OwedReport, OwedState
from wetread.ports.rounds import in_rounds
from wetread.ports.vault import Search

TRANSACTION = "2.25.4711"
Reports = queue.Queue[tuple[int, CommitmentMessage]]


@contextmanager
def opened(house: House, **remotes: int) -> Iterator[int]:
    """MODALITY and ORTHANC may store; `remotes` are ports at which they are called back."""

    called = {title: RemoteAe(title, "127.0.0.1", port, timeout_s=60) for title, port in remotes.items()}
    scp, stop = CommitmentScp(house.vault, house.files, house.owed), Event()
    caller = CommitmentCaller(house.owed, scp.judge, called, lambda: house.clock.now().timestamp())
    telling = Thread(target=in_rounds, args=(caller.run_all, stop, 0.02, logging.getLogger(), "waits"))
    door = DimseDoor(
        house.reception,
        ae_title="WETREAD",
        callers=[("MODALITY", ""), ("ORTHANC", "")],
        queriers=[("VIEWER", "")],
        commitment=scp,
    )
    telling.start()
    try:
        yield door.start("127.0.0.1", 0)
    finally:
        stop.set()
        telling.join()
        door.stop()


def heard(event: evt.Event, reports: Reports) -> tuple[int, None]:
    content = event.request.EventInformation.getvalue()
    reports.put((event.request.EventTypeID, read_message(content, str(event.context.transfer_syntax))))
    return 0x0000, None


@contextmanager
def asking(port: int, reports: Reports, caller: str = "MODALITY") -> Iterator[Association]:
    ae = AE(caller)
    ae.acse_timeout = ae.dimse_timeout = 180
    ae.add_requested_context(COMMITMENT)
    answered = Event()
    answered.set()

    def take(event: evt.Event) -> tuple[int, None]:
        answered.clear()
        return heard(event, reports)

    handlers: list[Any] = [(evt.EVT_N_EVENT_REPORT, take), (evt.EVT_PDU_SENT, lambda _: answered.set())]
    association = ae.associate("127.0.0.1", port, ae_title="WETREAD", evt_handlers=handlers)
    assert association.is_established
    try:
        yield association
    finally:
        if association.is_established:
            answered.wait(5)  # pynetdicom breaks where it releases before it has answered a report
            association.release()


def ask(
    association: Association,
    *references: tuple[str, str],
    action: int = 1,
    of: str = COMMITMENT_INSTANCE,
    transaction: str = TRANSACTION,
) -> int:
    """The status of the N-ACTION."""
    said = write_message(CommitmentMessage(transaction, tuple(Reference(*each) for each in references)))
    status, _ = association.send_n_action(said, action, COMMITMENT, of)
    return int(status.Status)


def test_what_was_only_fetched_to_compare_with_is_never_committed_to(house: House) -> None:
    """It is dropped when its time is up: who deleted theirs for our word would have lost it."""
    admit(house, a_film(1, 1, 1))
    asked = CommitmentMessage(TRANSACTION, (Reference(CR_STORAGE, key(1, 1, 1)),))
    scp = CommitmentScp(house.vault, house.files, house.owed, passing=lambda studies: studies)
    assert [each.reason for each in scp.judged(asked).failed] == [0x0112]


def test_what_is_whole_is_committed_and_what_is_not_is_told_why(house: House) -> None:
    admit(house, a_film(1, 1, 1), a_film(1, 1, 2), a_film(1, 1, 3))
    (study,) = {each.study_key for each in house.vault.unnamed.search_studies(Search({}, 10))}
    damaged = next(
        each for each in house.vault.unnamed.instances(study) if each.header.sop_instance_uid == key(1, 1, 3)
    )
    path = house.files.path_of(damaged.content_sha256)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-2] + b"!!")
    asked = [(CR_STORAGE, key(1, 1, 1)), (COMMITMENT, key(1, 1, 2)), (CR_STORAGE, key(1, 1, 3)), (CR_STORAGE, "2.25.9")]
    reports: Reports = queue.Queue()
    with opened(house) as port, asking(port, reports) as association:
        assert ask(association, *asked) == 0x0000
        kind, report = reports.get(timeout=60)
    assert (kind, report.transaction_uid) == (2, TRANSACTION)
    assert [each.sop_instance_uid for each in report.references] == [key(1, 1, 1)]
    assert {each.reference.sop_instance_uid: each.reason for each in report.failed} == {
        key(1, 1, 2): 0x0119,
        key(1, 1, 3): 0x0110,
        "2.25.9": 0x0112,
    }
    assert audits(house, "dimse.commit") == [("incomplete", {"committed": "1", "failed": "3", "address": "127.0.0.1"})]


def test_all_kept_is_success_and_the_association_goes_on(house: House) -> None:
    admit(house, a_film(1), a_film(2))
    reports: Reports = queue.Queue()
    with opened(house) as port, asking(port, reports) as association:
        for study in (1, 2):
            assert ask(association, (CR_STORAGE, key(study, 1, 1)), transaction=f"2.25.{study}") == 0x0000
            kind, report = reports.get(timeout=60)
            assert (kind, [each.sop_instance_uid for each in report.references]) == (1, [key(study, 1, 1)])
    assert reports.empty()


def test_a_transaction_asked_again_is_told_again_and_another_list_under_its_uid_is_refused(house: House) -> None:
    admit(house, a_film(1), a_film(2))
    reports: Reports = queue.Queue()
    mine, other = (CR_STORAGE, key(1, 1, 1)), (CR_STORAGE, key(2, 1, 1))
    said = []
    with opened(house) as port, asking(port, reports) as association:
        for asked in ((mine, other), (other, mine), (mine,), (mine, other)):
            assert ask(association, *asked) == 0x0000
            said.append(reports.get(timeout=60))
            # asked again before its answer is heard, it would be in hand, and told once
            wait_for(lambda: not standing(house, OwedState.OWED), "its answer")
    assert [kind for kind, _ in said] == [1, 1, 2, 1]
    assert {each.transaction_uid for _, each in said} == {TRANSACTION}
    assert [(each.reference, each.reason) for each in said[2][1].failed] == [(Reference(*mine), 0x0131)]
    assert len(standing(house, OwedState.TOLD)) == 2


def test_two_requesters_may_use_one_transaction_uid(house: House) -> None:
    admit(house, a_film(1), a_film(2))
    for study, caller in enumerate(("MODALITY", "ORTHANC"), 1):
        reports: Reports = queue.Queue()
        with opened(house) as port, asking(port, reports, caller) as association:
            assert ask(association, (CR_STORAGE, key(study, 1, 1))) == 0x0000
            kind, report = reports.get(timeout=60)
        assert (kind, [each.sop_instance_uid for each in report.references]) == (1, [key(study, 1, 1)])


@contextmanager
def listening(reports: Reports, answers: int = 0x0000) -> Iterator[int]:
    """Where MODALITY is called back: it takes a report from the SCP of the service (PS3.4 section J.3.3)."""
    ae = AE("MODALITY")
    ae.add_supported_context(COMMITMENT, scu_role=False, scp_role=True)

    def take(event: evt.Event) -> tuple[int, None]:
        heard(event, reports)
        return answers, None

    with answering_calls(ae, (evt.EVT_N_EVENT_REPORT, take)) as port:
        yield port


def test_who_hangs_up_at_once_is_called_back(house: House) -> None:
    admit(house, a_film(1))
    reports: Reports = queue.Queue()
    unheard: Reports = queue.Queue()
    with listening(reports) as back, opened(house, MODALITY=back) as port:
        with asking(port, unheard) as association:
            assert ask(association, (CR_STORAGE, key(1, 1, 1))) == 0x0000
            association.abort()
        kind, report = reports.get(timeout=60)
    assert (kind, report.transaction_uid) == (1, TRANSACTION)


def test_a_report_that_is_not_taken_is_tried_until_its_time_is_up(house: House) -> None:
    admit(house, a_film(1))
    reports: Reports = queue.Queue()
    with listening(reports, answers=0x0110) as back, opened(house, MODALITY=back) as port:
        with asking(port, queue.Queue()) as association:
            ask(association, (CR_STORAGE, key(1, 1, 1)))
            association.abort()
        for _ in range(3):
            wait_for(lambda: house.clock.advance(1) or not reports.empty(), "a try")
            reports.get()
        wait_for(lambda: house.clock.advance(1) or bool(standing(house, OwedState.ASIDE)), "the end of it")
        tried = reports.qsize()
        house.clock.advance(3600)
        time.sleep(1)
        assert reports.qsize() == tried
    (aside,) = standing(house, OwedState.ASIDE)
    assert "MODALITY answers the report on its storage commitment with status 0x0110" in aside.problem
    assert [outcome for outcome, _ in audits(house, "dimse.commit")] == ["not_told"]


def standing(house: House, state: OwedState) -> tuple[OwedReport, ...]:
    with house.database.begin(write=False) as unit:
        return unit.owed_reports(state)


@pytest.mark.parametrize(("action", "of", "status"), [(2, COMMITMENT_INSTANCE, 0x0123), (1, "1.2.3", 0x0112)])
def test_another_action_is_refused(house: House, action: int, of: str, status: int) -> None:
    with opened(house) as port, asking(port, queue.Queue()) as association:
        assert ask(association, (CR_STORAGE, key(1, 1, 1)), action=action, of=of) == status


def test_a_request_that_names_nothing_is_refused(house: House) -> None:
    reports: Reports = queue.Queue()
    with opened(house) as port, asking(port, reports) as association:
        nothing, no_uid = Dataset(), Dataset()
        nothing.TransactionUID = TRANSACTION
        no_uid.TransactionUID, no_uid.ReferencedSOPSequence = TRANSACTION, [Dataset()]
        for said in (nothing, no_uid):
            status, _ = association.send_n_action(said, 1, COMMITMENT, COMMITMENT_INSTANCE)
            assert status.Status == 0x0115
        assert ask(association, (CR_STORAGE, key(1, 1, 1))) == 0x0000
        assert reports.get(timeout=60)[0] == 2


def test_who_may_not_store_is_not_offered_it(house: House) -> None:
    ae = AE("VIEWER")
    ae.add_requested_context(COMMITMENT)
    ae.add_requested_context("1.2.840.10008.1.1")
    with opened(house) as port:
        association = ae.associate(
            "127.0.0.1", port, ae_title="WETREAD", ext_neg=[build_role(COMMITMENT, scp_role=True)]
        )
        accepted = [str(each.abstract_syntax) for each in association.accepted_contexts]
        association.abort()
    assert COMMITMENT not in accepted


@pytest.mark.real
def test_orthanc_asks_and_is_told(house: House, tmp_path: Path) -> None:
    admit(house, a_film(1))
    back = free_port()
    with opened(house, ORTHANC=back) as port:
        us = {"AET": "WETREAD", "Host": "127.0.0.1", "Port": port, "AllowStorageCommitment": True}
        with orthanc(tmp_path / "orthanc", DicomPort=back, DicomModalities={"wetread": us}) as neighbour:
            for uid, wanted in ((key(1, 1, 1), "Success"), ("2.25.9", "Failure")):
                asked = json.dumps({"DicomInstances": [[CR_STORAGE, uid]]})
                answer = ask_once("POST", f"{neighbour.url}/modalities/wetread/storage-commitment", body=asked)
                assert answer.status == 200, answer.data
                where = f"/storage-commitment/{answer.json()['ID']}"
                wait_for(lambda where=where: json.loads(neighbour.get(where))["Status"] != "Pending", "the report")
                assert json.loads(neighbour.get(where))["Status"] == wanted


def test_messages_say_the_same_when_read_again() -> None:
    failed = (Uncommitted(Reference("1.2.3", "1.2.5"), 0x0112),)
    told = CommitmentMessage(TRANSACTION, (Reference("1.2.3", "1.2.4"),), failed)
    for implicit, syntax in ((True, IMPLICIT), (False, EXPLICIT)):
        content = encode(write_message(told), implicit, True)
        assert content
        assert read_message(content, syntax) == told
