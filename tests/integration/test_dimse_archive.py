"""The own archive by DIMSE: C-FIND, C-GET and C-MOVE as pynetdicom asks, what is refused, what is withheld, and what is written down."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import hostile
import pytest
from archive_front import (
    FIND,
    GET,
    MOVE,
    PATIENT_FIND,
    PATIENT_GET,
    Archive,
    a_film,
    admit,
    associated,
    audits,
    counts,
    found,
    key,
    opened_archive,
    retrieve,
    statuses,
)
from builders_ingest import SECRET, House
from dimse_front import body
from neighbours.process import free_port
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.association import Association
from raw_dimse import RawScu

from wetread.dicom.sandbox import Sandbox
from wetread.domain.identifiers import StudyInstanceUID, StudyKey, study_key
from wetread.domain.study_state import StudyState
from wetread.storage.files import DiskIncomingFile

CR, EXPLICIT, JPEG = hostile.CR_STORAGE, hostile.EXPLICIT, hostile.JPEG
FILMS = {
    (1, 1, 1): a_film(1, 1, 1),
    (1, 1, 2): a_film(1, 1, 2),
    (1, 2, 1): a_film(1, 2, 1),
    (2, 1, 1): a_film(2, 1, 1, name="MÜLLER^JÜRGEN", patient="P2", syntax=JPEG),
    (3, 1, 1): a_film(3, 1, 1, name="DOE^JOHN", patient="P3"),
}
RECEIVER = free_port()
DEAD = free_port()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Archive]:
    house = House(tmp_path_factory.mktemp("archive"), inspector=sandbox)
    admit(house, *FILMS.values())
    with opened_archive(house, destinations=f"RECEIVER@127.0.0.1:{RECEIVER},DEAD@127.0.0.1:{DEAD}") as opened:
        yield opened
    house.close()


@pytest.fixture(scope="module")
def query(archive: Archive) -> Iterator[Association]:
    with associated(archive.port, FIND, PATIENT_FIND) as association:
        yield association


@pytest.mark.parametrize(
    ("keys", "studies"),
    [
        ({"AccessionNumber": "ACC1"}, {1}),
        ({"AccessionNumber": "ACC?"}, {1, 2, 3}),
        ({"PatientName": "doe^*"}, {1, 3}),
        ({"PatientName": "MÜLL*"}, {2}),
        ({"PatientID": "P3", "PatientName": ""}, {3}),
        ({"StudyDate": "20250102-20250103"}, {2, 3}),
        ({"StudyDate": "-20250101"}, {1}),
        ({"StudyInstanceUID": [key(1), key(3)]}, {1, 3}),
        ({"ModalitiesInStudy": "CR"}, {1, 2, 3}),
        ({"PatientID": "*"}, {1, 2, 3}),
        ({"PatientID": "NOBODY"}, set()),
    ],
    ids=lambda each: str(each)[:30],
)
def test_studies_are_matched_as_the_standard_says(
    query: Association, keys: dict[str, str | list[str]], studies: set[int]
) -> None:
    status, matches = found(query, **keys)
    assert status == 0x0000
    assert {each.StudyInstanceUID for each in matches} == {key(each) for each in studies}


def test_series_and_images_are_found_below_their_study(query: Association) -> None:
    status, series = found(
        query, level="SERIES", StudyInstanceUID=key(1), SeriesNumber="", NumberOfSeriesRelatedInstances=""
    )
    assert status == 0x0000
    assert [(each.SeriesNumber, each.NumberOfSeriesRelatedInstances) for each in series] == [(1, 2), (2, 1)]
    place = {"StudyInstanceUID": key(1), "SeriesInstanceUID": key(1, 1)}
    _, images = found(query, level="IMAGE", **place, InstanceNumber="2", Rows="")
    assert [(each.SOPInstanceUID, each.Rows) for each in images] == [(key(1, 1, 2), 16)]


def test_patient_root_begins_with_patients_and_wants_one_below(query: Association) -> None:
    _, patients = found(query, PATIENT_FIND, level="PATIENT", PatientName="doe^*", PatientSex="")
    assert sorted((each.PatientID, each.PatientSex) for each in patients) == [("P1", "F"), ("P3", "F")]
    _, studies = found(query, PATIENT_FIND, level="STUDY", PatientID="P1", StudyInstanceUID="")
    assert [each.StudyInstanceUID for each in studies] == [key(1)]
    assert statuses(query, PATIENT_FIND, level="STUDY", StudyInstanceUID="") == [0xA900]


def test_an_answer_holds_what_was_asked_for_in_utf8(query: Association) -> None:
    _, (match,) = found(query, AccessionNumber="ACC2", PatientName="", StudyDate="")
    assert str(match.PatientName) == "MÜLLER^JÜRGEN"
    assert {each.keyword for each in match} == {
        "SpecificCharacterSet", "StudyDate", "AccessionNumber", "QueryRetrieveLevel", "RetrieveAETitle", "PatientName",
        "PatientID", "StudyInstanceUID",
    }  # fmt: skip
    assert (match.SpecificCharacterSet, match.RetrieveAETitle) == ("ISO_IR 192", "WETREAD")


def test_a_key_that_is_not_matched_by_is_told(query: Association) -> None:
    assert statuses(query, StudyInstanceUID=key(1), StudyDescription="KNEE") == [0xFF01, 0x0000]


_MISFITS: dict[str, dict[str, str]] = {
    "no_such_level": {"level": "FILM"},
    "patient_level_of_study_root": {"level": "PATIENT", "PatientID": ""},
    "series_without_study": {"level": "SERIES", "SeriesInstanceUID": ""},
    "series_of_two_studies": {"level": "SERIES", "StudyInstanceUID": f"{key(1)}\\{key(2)}"},
    "lower_unique_key": {"StudyInstanceUID": "", "SOPInstanceUID": key(1, 1, 1)},
    "uid_that_is_none": {"StudyInstanceUID": "../../etc"},
    "uid_with_wildcard": {"StudyInstanceUID": "1.2.*"},
    "date_that_is_none": {"StudyDate": "yesterday"},
    "value_too_long": {"PatientID": "x" * 300},
    "control_character": {"PatientID": "a\x01b"},
}


@pytest.mark.parametrize("name", list(_MISFITS))
def test_an_identifier_that_does_not_fit_is_a900_and_the_next_one_is_answered(query: Association, name: str) -> None:
    assert statuses(query, **_MISFITS[name]) == [0xA900]
    assert len(found(query, StudyInstanceUID="")[1]) == 3


def test_bytes_that_are_no_data_set_are_refused_and_the_next_is_answered(
    query: Association, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    for name, content in (
        ("garbage", b"\xff" * 64),
        ("lying_length", b"\x08\0\x52\0\xff\xff\xff\x7fX"),
        ("too_long", b"\0" * (1 << 19)),
    ):
        with monkeypatch.context() as patch:
            patch.setattr("pynetdicom.association.encode", lambda *_, content=content: content)
            seen[name] = statuses(query)
    assert seen == {"garbage": [0xC000], "lying_length": [0xC000], "too_long": [0xA900]}
    assert len(found(query, StudyInstanceUID="")[1]) == 3


def test_more_matches_than_the_limit_end_with_out_of_resources(archive: Archive) -> None:
    with opened_archive(archive.house, max_matches=2) as small, associated(small.port, FIND) as query:
        assert statuses(query, StudyInstanceUID="") == [0xFF00, 0xFF00, 0xA700]
        assert statuses(query, PatientName="DOE^*") == [0xFF00, 0xFF00, 0x0000]


def test_c_get_gives_the_stored_bytes_with_pending_answers_between(archive: Archive) -> None:
    received: list[bytes] = []
    with associated(archive.port, GET, PATIENT_GET, storage=((CR, EXPLICIT), (CR, JPEG)), received=received) as get:
        answers = retrieve(get, StudyInstanceUID=key(1))
        assert [(each.Status, each.get("NumberOfRemainingSuboperations")) for each in answers] == [
            (0xFF00, 2), (0xFF00, 1), (0x0000, None),
        ]  # fmt: skip
        assert counts(answers[-1]) == (0x0000, 3, 0, 0)
        assert counts(
            retrieve(
                get, level="IMAGE", StudyInstanceUID=key(2), SeriesInstanceUID=key(2, 1), SOPInstanceUID=key(2, 1, 1)
            )[-1]
        ) == (0, 1, 0, 0)
        assert counts(retrieve(get, PATIENT_GET, level="PATIENT", PatientID="P3")[-1]) == (0, 1, 0, 0)
        assert counts(retrieve(get, StudyInstanceUID="1.2.3")[-1]) == (0, 0, 0, 0)
    assert sorted(received) == sorted(body(each) for each in FILMS.values())


def test_a_retrieve_without_its_unique_keys_is_a900(archive: Archive) -> None:
    with associated(archive.port, GET, PATIENT_GET, storage=((CR, EXPLICIT),)) as get:
        for model, keys in (
            (GET, {"StudyInstanceUID": ""}),
            (GET, {"StudyInstanceUID": "*"}),
            (GET, {"level": "IMAGE", "SOPInstanceUID": key(1, 1, 1)}),
            (PATIENT_GET, {"level": "PATIENT", "PatientID": "P*"}),
        ):
            assert [each.Status for each in retrieve(get, model, **keys)] == [0xA900]


def test_what_the_peer_does_not_take_as_stored_is_a_failed_sub_operation(archive: Archive) -> None:
    received: list[bytes] = []
    with associated(archive.port, GET, storage=((CR, EXPLICIT),), received=received) as get:
        last = retrieve(get, StudyInstanceUID=[key(1), key(2)])[-1]
        assert counts(last) == (0xB000, 3, 1, 0)
        assert counts(retrieve(get, StudyInstanceUID=key(2))[-1]) == (0xA702, 0, 1, 0)
    assert len(received) == 3


def test_a_file_damaged_on_disk_is_a_failed_sub_operation(archive: Archive) -> None:
    house = archive.house
    admit(house, a_film(4, 1, 1, patient="P4"), a_film(4, 1, 2, patient="P4"))
    (kept,) = [each for each in house.vault.unnamed.instances(_key(4)) if each.header.sop_instance_uid == key(4, 1, 1)]
    path = house.files.path_of(kept.content_sha256)
    content = path.read_bytes()
    path.write_bytes(content[:-2] + b"\xff\xff")
    received: list[bytes] = []
    with associated(archive.port, GET, storage=((CR, EXPLICIT),), received=received) as get:
        assert counts(retrieve(get, StudyInstanceUID=key(4))[-1]) == (0xB000, 1, 1, 0)
        path.unlink()
        assert counts(retrieve(get, StudyInstanceUID=key(4))[-1]) == (0xB000, 1, 1, 0)
    assert set(received) == {body(a_film(4, 1, 2, patient="P4"))}


def test_a_cancel_ends_a_retrieve_with_what_remained(archive: Archive) -> None:
    with associated(archive.port, GET, storage=((CR, EXPLICIT),)) as get:
        context = next(each.context_id for each in get.accepted_contexts if each.abstract_syntax == GET)

        def cancel(event: evt.Event) -> int:
            event.assoc.send_c_cancel(1, context)
            return 0x0000

        get.bind(evt.EVT_C_STORE, cancel)
        last = retrieve(get, StudyInstanceUID=key(1))[-1]
        assert (counts(last), last.NumberOfRemainingSuboperations) == ((0xFE00, 1, 0, 0), 2)
        get.bind(evt.EVT_C_STORE, lambda _: 0xB000)
        assert counts(retrieve(get, StudyInstanceUID=key(1))[-1]) == (0xB000, 0, 0, 3)


def _receiver(answer: Callable[[evt.Event], int]) -> AE:
    ae = AE("RECEIVER")
    ae.add_supported_context(CR, [EXPLICIT])
    ae.start_server(("127.0.0.1", RECEIVER), block=False, evt_handlers=[(evt.EVT_C_STORE, answer)])
    return ae


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # pynetdicom forgets the socket of a refused connection
def test_c_move_goes_only_to_destinations_on_the_list(archive: Archive) -> None:
    received: list[tuple[bytes, str, int]] = []

    def take(event: evt.Event) -> int:
        originator = event.request.MoveOriginatorApplicationEntityTitle, event.request.MoveOriginatorMessageID
        received.append((event.encoded_dataset(include_meta=False), *originator))
        return 0x0000

    receiver = _receiver(take)
    try:
        with associated(archive.port, MOVE) as move:
            assert counts(retrieve(move, MOVE, "RECEIVER", StudyInstanceUID=[key(1), key(2)])[-1]) == (
                0xB000,
                3,
                1,
                0,
            )
            assert [each.Status for each in retrieve(move, MOVE, "ELSEWHERE", StudyInstanceUID=key(1))] == [0xA801]
            assert counts(retrieve(move, MOVE, "DEAD", StudyInstanceUID=key(1))[-1]) == (0xA702, 0, 3, 0)
            assert counts(retrieve(move, MOVE, "RECEIVER", StudyInstanceUID=key(2))[-1]) == (0xA702, 0, 1, 0)
    finally:
        receiver.shutdown()
    assert {(aet, number) for _, aet, number in received} == {("VIEWER", 1)}
    assert sorted(each for each, *_ in received) == sorted(body(FILMS[1, *each]) for each in ((1, 1), (1, 2), (2, 1)))


def test_who_may_store_may_not_query_and_the_other_way_round(archive: Archive) -> None:
    ae = AE("MODALITY")
    for each in (FIND, MOVE, GET, CR):
        ae.add_requested_context(each)
    sender = ae.associate("127.0.0.1", archive.port, ae_title="WETREAD")
    assert [each.abstract_syntax for each in sender.accepted_contexts] == [CR]
    sender.release()
    film = Dataset()
    film.SOPClassUID, film.SOPInstanceUID = CR, "2.25.1"
    film.ensure_file_meta()
    film.file_meta.TransferSyntaxUID = EXPLICIT
    film.set_original_encoding(False, True)
    with associated(archive.port, FIND, CR) as viewer:
        assert viewer.send_c_store(film).Status == 0x0124
        assert len(found(viewer, PatientID="P1")[1]) == 1
    with associated(archive.port, FIND, CR, caller="BOTH") as both:
        assert both.send_c_store(film).Status == 0xC000  # taken, and refused for what it is
        assert len(found(both, PatientID="P1")[1]) == 1
    for title in ("STRANGER", "ELSEWHERE"):
        stranger = AE(title)
        stranger.add_requested_context(FIND)
        assert stranger.associate("127.0.0.1", archive.port, ae_title="WETREAD").is_rejected


def test_what_a_querier_stores_reaches_no_file(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    made, receive = list[str](), archive.house.files.receive

    def counted() -> DiskIncomingFile:
        made.append("a file")
        return receive()

    monkeypatch.setattr(archive.house.files, "receive", counted)
    for caller, status, files in ((b"VIEWER", 0x0124, 0), (b"BOTH", 0x0000, 1)):
        with opened_archive(archive.house) as opened, RawScu(opened.port) as scu:
            assert scu.associate([(CR, EXPLICIT)], calling=caller)
            assert scu.store(CR, key(1, 1, 1), body(FILMS[1, 1, 1])).status == status
        assert len(made) == files


def test_every_query_and_retrieve_is_written_down_without_values(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    queries, retrieves = len(audits(archive.house, "dimse.query")), len(audits(archive.house, "dimse.retrieve"))
    with associated(archive.port, FIND, GET, MOVE, storage=((CR, JPEG),), received=[]) as viewer:
        found(viewer, PatientName="MÜLL*", StudyDate="")
        statuses(viewer, StudyDate="MÜLLER")
        retrieve(viewer, StudyInstanceUID=key(2))
        retrieve(viewer, MOVE, "ELSEWHERE", StudyInstanceUID=key(2))
    here = {"address": "127.0.0.1"}
    assert audits(archive.house, "dimse.query")[queries:] == [
        ("success", {"level": "STUDY", "keys": "PatientName", "results": "1", **here}),
        ("bad_query", {"by": "C-FIND", **here}),
    ]
    assert audits(archive.house, "dimse.retrieve")[retrieves:] == [
        ("success", {"by": "C-GET", "to": "VIEWER", "instances": "1", **here}),
        ("unknown_destination", {"by": "C-MOVE", **here}),
    ]
    told = " ".join(each.getMessage() for each in caplog.records)
    assert "LLER" not in told
    assert hostile.ROOT not in told


def _key(study: int) -> StudyKey:
    return study_key(SECRET, StudyInstanceUID(key(study)))


def _ours(study: int) -> bytes:
    return a_film(study, 9, 1, patient=f"P{study}", x00080060="SR", x00080070="wetread")


def _seen(port: int, study: int) -> tuple[list[str], int, int]:
    """The modalities of the study, its series, and how many instances come."""
    received: list[bytes] = []
    with associated(port, FIND, GET, storage=((CR, EXPLICIT),), received=received) as viewer:
        _, (match,) = found(viewer, StudyInstanceUID=key(study), ModalitiesInStudy="", NumberOfStudyRelatedInstances="")
        _, series = found(viewer, level="SERIES", StudyInstanceUID=key(study))
        _, by_modality = found(viewer, StudyInstanceUID=key(study), ModalitiesInStudy="SR")
        retrieve(viewer, StudyInstanceUID=key(study))
    modalities = (
        [match.ModalitiesInStudy] if isinstance(match.ModalitiesInStudy, str) else list(match.ModalitiesInStudy)
    )
    assert match.NumberOfStudyRelatedInstances == len(received)
    assert bool(by_modality) == ("SR" in modalities)
    return modalities, len(series), len(received)


def test_own_results_are_withheld_from_machines_until_a_person_has_signed(archive: Archive) -> None:
    house = archive.house
    admit(house, a_film(5, 1, 1, patient="P5"), _ours(5))
    assert _seen(archive.port, 5) == (["CR"], 1, 1)
    with house.database.begin() as unit:
        unit.save_study(replace(unit.study(_key(5)), state=StudyState.SIGNED))
        unit.commit()
    assert _seen(archive.port, 5) == (["CR", "SR"], 2, 2)
    with opened_archive(house, reading_mode="ai_off") as blind:
        assert _seen(blind.port, 5) == (["CR"], 1, 1)


def test_a_retrieve_of_a_patient_number_of_two_issuers_is_refused(archive: Archive) -> None:
    admit(archive.house, a_film(6, patient="SAME", x00100021="NORTH"), a_film(7, patient="SAME", x00100021="SOUTH"))
    received: list[bytes] = []
    with associated(archive.port, PATIENT_GET, storage=((CR, EXPLICIT),), received=received) as get:
        assert [each.Status for each in retrieve(get, PATIENT_GET, level="PATIENT", PatientID="SAME")] == [0xA900]
        assert not received
        one = retrieve(get, PATIENT_GET, level="PATIENT", PatientID="SAME", IssuerOfPatientID="NORTH")
        assert counts(one[-1]) == (0, 1, 0, 0)


def test_a_database_that_cannot_write_the_audit_gives_nothing_away(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[bytes] = []

    def down(**_: object) -> ExitStack:
        raise OSError("down")

    with associated(archive.port, FIND, GET, storage=((CR, EXPLICIT),), received=received) as viewer:
        with monkeypatch.context() as patch:
            patch.setattr(archive.house.database, "begin", down)
            assert statuses(viewer, StudyInstanceUID=key(1)) == [0xC000]
            assert [each.Status for each in retrieve(viewer, StudyInstanceUID=key(1))] == [0xC000]
        assert not received
        assert len(found(viewer, StudyInstanceUID=key(1))[1]) == 1
