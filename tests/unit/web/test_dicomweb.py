"""QIDO-RS and WADO-RS: the matching the standard asks for, the stored bytes exactly, and no way past the index."""

from dataclasses import replace
from email.parser import BytesParser

import pytest
from builders_web import Browser, World, a_world, open_door
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.study import Sex
from wetread.ports.vault import VaultStudy
from wetread.testing.builders import a_header, a_vault_instance, an_identity, image_traits
from wetread.testing.memory_vault import MemoryVault
from wetread.web.dicom_json import instance_attributes, study_attributes
from wetread.web.problems import Refusal
from wetread.web.wado import accepted_as

IMPLICIT, JPEG_LS = "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.80"
STUDIES = "/dicom-web/studies"


def uids(answer_rows: object) -> list[str]:
    assert isinstance(answer_rows, list)
    return [row["0020000D"]["Value"][0] for row in answer_rows]


def search(reader: Browser, query: str) -> list[str]:
    answer = reader.get(f"{STUDIES}?{query}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/dicom+json")
    return uids(answer.json())


def add_second_film(world: World, number: int, series: str = "2", content: bytes = b"second film") -> None:
    """Another instance of study `number`, in its own series."""
    uid = f"2.25.{number}"
    study = world.services.vault.search_studies({"StudyInstanceUID": uid}, limit=1, offset=0)[0]
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


@pytest.fixture
def reader(world: World, door: Browser) -> Browser:
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


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("PatientID=A1", [1]), ("00100020=A1", [1]), ("AccessionNumber=ACC2", [2]), ("StudyInstanceUID=2.25.3", [3]), ("0020000d=2.25.3", [3]),
        ("PatientName=doe*", [1, 2]), ("PatientName=Doe%5EJ%3Fn*", [1]), ("PatientName=Doe%5EJane", [1]), ("StudyDate=20260115-20260228", [2]), ("StudyDate=20260201", [2]),
        ("StudyDate=-20260131", [1]), ("ModalitiesInStudy=DX", [1, 2, 3]), ("PatientID=", [1, 2, 3]), ("PatientID=nobody", []), ("PatientID=A1&AccessionNumber=ACC2", []),
        ("PatientID=%27%20OR%201=1--", []), ("limit=1&offset=1", [2]), ("limit=0", []), ("offset=99", []),
    ],
)  # fmt: skip
def test_studies_are_found_by_the_keys_of_the_standard(reader: Browser, query: str, found: list[int]) -> None:
    assert sorted(search(reader, query)) == [f"2.25.{number}" for number in found]


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=x", "limit=1e3", "limit=" + "9" * 40, "offset=-1", "offset=999999999", "StudyInstanceUID=../../x", "StudyInstanceUID=1.2.", "StudyInstanceUID=*",
     "PatientID=A%00B", "PatientID=a%0d%0ab", "PatientID=A1&PatientID=A2", "PatientName=" + "x" * 300],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_400(reader: Browser, query: str) -> None:
    assert reader.get(f"{STUDIES}?{query}").status == 400


class WatchfulVault(MemoryVault):
    asked: tuple[int, int] = (0, 0)

    def search_studies(self, match: dict[str, str], *, limit: int, offset: int) -> tuple[VaultStudy, ...]:
        self.asked = (limit, offset)
        return super().search_studies(match, limit=limit, offset=offset)


@pytest.mark.parametrize(
    ("query", "asked"), [("", (100, 0)), ("limit=100000000", (1000, 0)), ("limit=7&offset=30", (7, 30))]
)
def test_no_query_asks_the_index_for_more_than_a_page(query: str, asked: tuple[int, int]) -> None:
    vault = WatchfulVault()
    with open_door(a_world(vault=vault)) as door:
        door.as_("radiologist").get(f"{STUDIES}?{query}")
    assert vault.asked == asked


def test_an_absurd_limit_is_capped_and_ignored_keys_are_said(reader: Browser) -> None:
    answer = reader.get(f"{STUDIES}?limit=100000000&fuzzymatching=true&PatientWeight=70&includefield=all")
    assert len(uids(answer.json())) == 3
    assert answer.headers["warning"].startswith("299 wetread")
    assert "fuzzymatching" in answer.headers["warning"]
    assert "warning" not in reader.get(f"{STUDIES}?includefield=all&limit=5").headers


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/dicom+json", 200),
        ("application/json;q=0.5", 200),
        ('multipart/related; type="application/dicom+xml"', 406),
        ("text/html", 406),
    ],
)
def test_searches_are_answered_in_json_only(reader: Browser, accept: str, status: int) -> None:
    for path in (STUDIES, f"{STUDIES}/2.25.1/series", f"{STUDIES}/2.25.1/instances"):
        assert reader.get(path, {"Accept": accept}).status == status


def test_a_warning_never_repeats_what_was_asked(reader: Browser) -> None:
    answer = reader.get(f"{STUDIES}?Secret%0d%0aX-Evil:1=Secret")
    assert "ecret" not in str(answer.headers)
    assert "x-evil" not in answer.headers


def test_a_study_is_described_in_dicom_json(reader: Browser) -> None:
    row = reader.get(f"{STUDIES}?PatientID=B1").json()[0]  # type: ignore[index]
    assert row["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Müller^Eva", "Ideographic": "美^恵"}]}
    assert row["00100040"] == {"vr": "CS"}
    assert row["00080061"] == {"vr": "CS", "Value": ["DX"]}
    assert (row["00201206"]["Value"], row["00201208"]["Value"]) == ([1], [1])


def test_series_and_instances_of_a_study(world: World, reader: Browser) -> None:
    add_second_film(world, 1)
    series = reader.get(f"{STUDIES}/2.25.1/series").json()
    assert [(each["0020000E"]["Value"][0], each["00080060"]["Value"][0]) for each in series] == [
        ("2.25.1.1", "DX"),
        ("2.25.1.2", "CR"),
    ]  # type: ignore[index]
    assert len(reader.get(f"{STUDIES}/2.25.1/series?Modality=CR").json()) == 1
    assert len(reader.get(f"{STUDIES}/2.25.1/instances").json()) == 2
    assert len(reader.get(f"{STUDIES}/2.25.1/instances?InstanceNumber=7").json()) == 1
    only = reader.get(f"{STUDIES}/2.25.1/series/2.25.1.2/instances").json()
    assert [each["00080018"]["Value"][0] for each in only] == ["2.25.1.2.1"]  # type: ignore[index]
    assert reader.get(f"{STUDIES}/2.25.1/series/2.25.9/instances").json() == []
    assert reader.get(f"{STUDIES}/2.25.77/series").status == 404


def test_every_query_is_audited_without_its_values(world: World, reader: Browser) -> None:
    reader.get(f"{STUDIES}?PatientID=A1&limit=5")
    event = [each.event for each in world.services.database.audit_records()][-1]
    assert (event.action, dict(event.detail)) == (
        "dicomweb.query",
        {"level": "studies", "keys": "PatientID", "results": "1"},
    )


def parts_of(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """The parts of a multipart body by the standard library's mail parser, not by our code."""
    message = BytesParser().parsebytes(f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode() + body)
    return [(part["Content-Type"], part.get_payload(decode=True)) for part in message.get_payload()]  # type: ignore[misc, union-attr]


def test_a_study_comes_back_byte_for_byte(world: World, reader: Browser) -> None:
    world.add_study(content=bytes(range(256)) * 9000)
    answer = reader.get(
        f"{STUDIES}/2.25.4", {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    )
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    head, _, rest = answer.body.partition(b"\r\n\r\n")
    assert head == b"--" + boundary + b"\r\nContent-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    assert rest == bytes(range(256)) * 9000 + b"\r\n--" + boundary + b"--\r\n"
    assert int(answer.headers["content-length"]) == len(answer.body)


def test_all_films_of_a_study_or_series_come_as_parts(world: World, reader: Browser) -> None:
    add_second_film(world, 1)
    answer = reader.get(f"{STUDIES}/2.25.1")
    assert sorted(payload for _, payload in parts_of(answer.headers["content-type"], answer.body)) == [
        b"film 1",
        b"second film",
    ]
    series = reader.get(f"{STUDIES}/2.25.1/series/2.25.1.2")
    assert [payload for _, payload in parts_of(series.headers["content-type"], series.body)] == [b"second film"]
    assert reader.get(f"{STUDIES}/2.25.1/series/2.25.9").status == 404


def test_an_instance_comes_alone_when_asked_so(reader: Browser) -> None:
    path = f"{STUDIES}/2.25.1/series/2.25.1.1/instances/2.25.1.1.1"
    single = reader.get(path, {"Accept": "application/dicom"})
    assert (single.body, single.headers["content-type"]) == (
        b"film 1",
        "application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
    )
    assert reader.get(path).headers["content-type"].startswith("multipart/related")
    assert reader.get(f"{STUDIES}/2.25.1/series/2.25.1.1/instances/2.25.2.1.1").status == 404
    assert reader.get(f"{STUDIES}/2.25.2/series/2.25.1.1/instances/2.25.1.1.1").status == 404


@pytest.mark.parametrize(
    ("accept", "single", "as_what"),
    [
        ("*/*", True, "multipart/related"), ("application/dicom", True, "application/dicom"), ('multipart/related; type="application/dicom"', True, "multipart/related"),
        ("multipart/related; type=application/dicom; transfer-syntax=*", False, "multipart/related"), (f"application/dicom; transfer-syntax={IMPLICIT}", True, "application/dicom"),
        (f"application/dicom; transfer-syntax={JPEG_LS}, */*", True, "multipart/related"), ("text/html, application/dicom", True, "application/dicom"),
    ],
)  # fmt: skip
def test_what_is_held_is_acceptable(accept: str, single: bool, as_what: str) -> None:
    assert accepted_as(accept, {IMPLICIT}, single=single) == as_what


@pytest.mark.parametrize(
    ("accept", "single"),
    [("text/html", True), ("application/dicom", False), (f"application/dicom; transfer-syntax={JPEG_LS}", True), ('multipart/related; type="image/jls"', True),
     ('multipart/related; type="application/octet-stream"', False), ("", True), (";;;=,,", True)],
)  # fmt: skip
def test_what_is_not_held_is_406(accept: str, single: bool) -> None:
    with pytest.raises(Refusal) as refused:
        accepted_as(accept, {IMPLICIT}, single=single)
    assert refused.value.status == 406


@given(st.text(max_size=60))
def test_any_accept_header_is_answered_or_refused(accept: str) -> None:
    try:
        answered = accepted_as(accept, {IMPLICIT}, single=True)
    except Refusal as refused:
        answered = str(refused.status)
    assert answered in ("multipart/related", "application/dicom", "406")


HOSTILE = [
    "..%2f..%2fetc",
    "%00",
    "1.2%2f3",
    "1.2;rm",
    "x",
    "1..2",
    "01.2",
    "1." + "2" * 70,
    "-",
    "1.2.3%0d%0a",
    "~",
    "*",
    "1,2",
]


@pytest.mark.parametrize("uid", HOSTILE)
@pytest.mark.parametrize(
    "path",
    [
        "{}",
        "{}/series",
        "{}/instances",
        "{}/series/1.2",
        "1.2/series/{}",
        "1.2/series/{}/instances",
        "1.2/series/1.3/instances/{}",
    ],
)
def test_no_handler_takes_what_is_no_uid(reader: Browser, uid: str, path: str) -> None:
    answer = reader.get(f"{STUDIES}/{path.format(uid)}")
    assert answer.status == 400


def test_damaged_bytes_break_the_answer_off(world: World, reader: Browser) -> None:
    import http.client

    instance = world.services.vault.find_instance("2.25.1", "2.25.1.1", "2.25.1.1.1")
    assert instance is not None
    path = world.services.file_store.path_of(instance.content_sha256)
    path.chmod(0o600)
    path.write_bytes(b"film X")
    with pytest.raises(http.client.IncompleteRead):
        reader.get(f"{STUDIES}/2.25.1")
    assert reader.get("/healthz").status == 200


def test_missing_bytes_are_an_error(world: World, reader: Browser) -> None:
    instance = world.services.vault.find_instance("2.25.1", "2.25.1.1", "2.25.1.1.1")
    assert instance is not None
    world.services.file_store.path_of(instance.content_sha256).unlink()
    assert reader.get(f"{STUDIES}/2.25.1").status == 422


def test_retrievals_are_audited(world: World, reader: Browser) -> None:
    reader.get(f"{STUDIES}/2.25.1")
    event = [each.event for each in world.services.database.audit_records()][-1]
    assert (event.action, event.actor_id, dict(event.detail)) == (
        "dicomweb.retrieve",
        "radiologist",
        {"instances": "1"},
    )
    assert event.study_key is not None


def test_integer_strings_are_integers_or_absent() -> None:
    header = replace(a_header(), instance_number=" +12 ")
    assert instance_attributes(a_vault_instance(header=header))["00200013"] == {"vr": "IS", "Value": [12]}
    for bad in ("", "x", "1.5", "١٢"):
        assert instance_attributes(a_vault_instance(header=replace(header, instance_number=bad)))["00200013"] == {
            "vr": "IS"
        }


def test_empty_attributes_have_no_value() -> None:
    study = VaultStudy("k" * 24, "2.25.1", an_identity(accession_number="", patient_name=""), (), 0)  # type: ignore[arg-type]
    row = study_attributes(study)
    assert (row["00080050"], row["00100010"], row["00080061"]) == ({"vr": "SH"}, {"vr": "PN"}, {"vr": "CS"})
