"""The drafting contract cannot carry identity, and is written as buf's rules want it."""

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from wetread.domain.errors import PermanentError
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.rehearsal import example_request
from wetread.rpc.translate import from_request, to_request

ROOT = Path(__file__).parents[2]
SUSPECT = {
    "name",
    "patient",
    "person",
    "birth",
    "age",
    "sex",
    "gender",
    "mrn",
    "accession",
    "uid",
    "study",
    "instance",
    "series",
    "date",
    "time",
    "timestamp",
    "address",
    "phone",
    "email",
    "physician",
    "doctor",
    "operator",
    "institution",
    "hospital",
    "site",
    "device",
    "station",
    "user",
    "account",
    "key",
    "url",
    "path",
}
ALLOWED_STRINGS = {
    "Code.value": "checked against the vocabulary for findings; a terminology's code for indications",
    "Code.scheme": "a terminology's name",
    "Code.meaning": "a terminology's words",
    "OperatingPoint.rule": "from the model bundle",
    "ImageQuality.code": "our own fixed codes",
    "ImageQuality.message": "our own fixed sentences",
    "DraftRequest.ai_unavailable": "our own sentences: error texts carry no patient data by rule",
    "DraftRequest.language": "a language tag",
    "Measurement.quantity": "our own names of quantities",
    "Measurement.unit": "UCUM",
    "Context.indication_text": "scrubbed before any composer sees it",
    "Context.problems": "our own sentences",
    "PriorStudy.source_id": "opaque outside the installation",
    "Snippet.source_id": "opaque outside the installation",
    "Snippet.text": "scrubbed before any composer sees it",
    "Evidence.source": "a kind of source, or an opaque id",
    "Sentence.text": "written from the above",
    "Sentence.hedge": "written from the above",
    "Sentence.guarded": "the guard's fixed words",
    "Summary.composer": "the composer's name",
    "Summary.notice": "a fixed sentence",
}

ALLOWED_BYTES = {
    "Film.grey": "as many pixels as rows times columns, at most 1024 x 1024: no room for a header or a file"
}


def _messages() -> list[Descriptor]:
    return list(pb.DESCRIPTOR.message_types_by_name.values())


def test_no_field_is_named_like_identity() -> None:
    named = {f"{m.name}.{f.name}" for m in _messages() for f in m.fields if SUSPECT & set(f.name.split("_"))}
    assert named == set()


def _fields_of(kind: int) -> set[str]:
    return {f"{m.name}.{f.name}" for m in _messages() for f in m.fields if f.type == kind}


def test_every_string_and_every_byte_is_on_the_list() -> None:
    assert _fields_of(FieldDescriptor.TYPE_STRING) == set(ALLOWED_STRINGS)
    assert _fields_of(FieldDescriptor.TYPE_BYTES) == set(ALLOWED_BYTES)


def test_a_film_holds_its_pixels_and_not_a_byte_more() -> None:
    request = to_request(example_request())
    request.film.CopyFrom(pb.Film(rows=2, columns=3, grey=b"123456 DOE^JANE"))
    with pytest.raises(PermanentError, match="do not fit"):
        from_request(request)


def test_messages_hold_only_messages_of_this_contract() -> None:
    inside = {m.full_name for m in _messages()}
    held = {f.message_type.full_name for m in _messages() for f in m.fields if f.message_type is not None}
    assert held <= inside
    assert not list(pb.DESCRIPTOR.dependencies)


def test_buf_finds_nothing() -> None:
    buf = Path(sys.executable).with_name("buf")
    done = subprocess.run([buf, "lint"], cwd=ROOT / "proto", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", ["wetread.storage", "wetread.settings", "sqlalchemy", "pydicom", "pydantic"])
def test_the_drafting_process_loads_no_way_to_a_database(module: str) -> None:
    probe = (
        "import sys, wetread.cli.drafter, wetread.rpc.server, wetread.rpc.rehearsal, wetread.rpc.confinement;"
        f"sys.exit({module!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
