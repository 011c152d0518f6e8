"""The file store: what was kept is there, byte for byte but for the preamble; what was not is gone."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.ports.file_store import FileStore, StoredFile

BODY = b"DICM" + bytes(range(256)) * 40


def keep(store: FileStore, *chunks: bytes) -> StoredFile:
    with store.receive() as file:
        for chunk in chunks:
            file.write(chunk)
        return file.keep()


def test_a_file_without_a_preamble_program_is_stored_byte_exact(file_store: FileStore) -> None:
    content = bytes(128) + BODY
    stored = keep(file_store, content)
    assert stored.path.read_bytes() == content
    assert stored.sha256 == stored.original_sha256 == sha256(content).hexdigest()
    assert stored.size_bytes == len(content)
    assert file_store.path_of(stored.sha256) == stored.path


@given(content=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=5), dicom=st.booleans())
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_however_it_is_cut_only_the_preamble_changes(
    file_store: FileStore, content: bytes, cuts: list[int], dicom: bool
) -> None:
    content = content[:128].ljust(128, b"\1") + b"DICM" + content if dicom else content
    marks = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    stored = keep(file_store, *(content[start:stop] for start, stop in pairwise(marks)))
    expected = bytes(128) + content[128:] if dicom else content
    assert stored.path.read_bytes() == expected
    assert stored.sha256 == sha256(expected).hexdigest()
    assert stored.original_sha256 == sha256(content).hexdigest()
    assert stored.size_bytes == len(content)


def test_a_file_without_the_magic_word_has_no_preamble_to_change(file_store: FileStore) -> None:
    """A data set without file meta information (PS3.10 §7.1) starts at its first byte."""
    content = bytes(range(1, 256)) * 2
    stored = keep(file_store, content)
    assert stored.path.read_bytes() == content
    assert stored.sha256 == stored.original_sha256


def test_any_buffer_can_be_written(file_store: FileStore) -> None:
    buffer = bytearray(bytes(128) + BODY)
    with file_store.receive() as file:
        file.write(memoryview(buffer)[:100])
        file.write(buffer[100:200])
        file.write(memoryview(buffer)[200:])
        assert file.keep().sha256 == sha256(buffer).hexdigest()


def test_what_was_flushed_can_be_read_before_it_is_kept(file_store: FileStore) -> None:
    content = bytes(128) + BODY
    with file_store.receive() as file:
        for start, stop in ((0, 50), (50, 131), (131, 1000), (1000, len(content))):
            file.write(content[start:stop])
            file.flush()
            assert file.path.read_bytes() == content[:stop]
        assert file.keep().path.read_bytes() == content


def test_the_same_content_is_stored_once(file_store: FileStore) -> None:
    content = bytes(128) + BODY
    with ThreadPoolExecutor(8) as threads:
        stored = set(threads.map(lambda _: keep(file_store, content), range(16)))
    assert len(stored) == 1
    assert list(file_store.stored()) == [sha256(content).hexdigest()]


@pytest.mark.parametrize("how", ["discard", "leave", "fail"])
def test_what_is_not_kept_is_gone(file_store: FileStore, how: str) -> None:
    file = file_store.receive()
    if how == "discard":
        file.write(BODY)
        file.discard()
    elif how == "leave":
        with file:
            file.write(BODY)
    else:
        with pytest.raises(ZeroDivisionError), file:  # noqa: PT012 - the error must leave the block
            file.write(BODY)
            raise ZeroDivisionError
    assert not file.path.exists()
    assert list(file_store.stored()) == []
    with pytest.raises(ValueError, match="ended"):
        file.keep()


def test_discarding_after_keeping_is_harmless(file_store: FileStore) -> None:
    with file_store.receive() as file:
        file.write(BODY)
        stored = file.keep()
        file.discard()
    assert file_store.verify(stored.sha256)


@pytest.mark.parametrize("sha256", ["0" * 64, "../../etc/passwd", "", "A" * 64])
def test_what_was_never_stored_is_missing(file_store: FileStore, sha256: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        file_store.path_of(sha256)
    assert refusal.value.code == "bytes_missing"


def test_rotten_bytes_are_found_and_healed_by_receiving_them_again(file_store: FileStore) -> None:
    stored = keep(file_store, BODY)
    assert file_store.verify(stored.sha256)
    stored.path.write_bytes(BODY[:-1] + b"\0")
    assert not file_store.verify(stored.sha256)
    keep(file_store, BODY)
    assert file_store.verify(stored.sha256)
    stored.path.unlink()
    with pytest.raises(PermanentError):
        file_store.verify(stored.sha256)


def test_abandoned_files_are_swept_and_stored_ones_stay(file_store: FileStore) -> None:
    stored = keep(file_store, BODY)
    abandoned = [file_store.receive() for _ in range(3)]
    assert file_store.sweep(older_than_s=3600) == 0
    assert file_store.sweep(older_than_s=0) == 3
    assert not any(file.path.exists() for file in abandoned)
    assert list(file_store.stored()) == [stored.sha256]
    for file in abandoned:
        file.discard()


def test_bytes_that_nobody_names_are_removed_unless_they_were_just_stored(file_store: FileStore) -> None:
    stored = keep(file_store, bytes(128) + BODY)
    assert not file_store.remove(stored.sha256, unless_newer_s=3600)
    assert file_store.verify(stored.sha256)
    assert file_store.remove(stored.sha256, unless_newer_s=0)
    assert not file_store.remove(stored.sha256, unless_newer_s=0)
    with pytest.raises(PermanentError):
        file_store.path_of(stored.sha256)
