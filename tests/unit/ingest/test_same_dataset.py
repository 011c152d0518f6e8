"""The same data set in another envelope is the same instance."""

from pathlib import Path
from struct import pack

import pytest
from builders_ingest import House, a_file

from wetread.domain.study import InstanceHeader
from wetread.ingest.same_dataset import holds_same_dataset


def part10(meta: bytes, dataset: bytes, preamble: bytes = bytes(128)) -> bytes:
    return preamble + b"DICM\x02\x00\x00\x00UL\x04\x00" + pack("<I", len(meta)) + meta + dataset


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (part10(b"a", b"data"), part10(b"another", b"data"), True),
        (part10(b"a", b"x" * (1 << 21)), part10(b"", b"x" * (1 << 21)), True),
        (part10(b"a", b"x" * (1 << 21)), part10(b"", b"x" * (1 << 21) + b"y"), False),
        (part10(b"a", b"data"), part10(b"a", b"datb"), False),
        (part10(b"a", b"data"), part10(b"a", b""), False),
        (b"data", b"data", False),
        (part10(b"a", b"data"), b"\0" * 128 + b"DICMdata" * 4, False),
    ],
)
def test_only_the_data_set_counts(tmp_path: Path, one: bytes, other: bytes, same: bool) -> None:
    for name, content in (("one", one), ("other", other)):
        (tmp_path / name).write_bytes(content)
    assert holds_same_dataset(tmp_path / "one", tmp_path / "other") is same
    assert holds_same_dataset(tmp_path / "other", tmp_path / "one") is same


class AfterMeta:
    """Reads `a_file` out of a Part 10 envelope."""

    def inspect(self, path: Path) -> InstanceHeader:
        from builders_ingest import JsonInspector

        bare = path.with_name(path.name + ".bare")
        bare.write_bytes(path.read_bytes()[144 + 7 :])
        try:
            return JsonInspector().inspect(bare)
        finally:
            bare.unlink()


def test_one_instance_by_two_doors_is_a_duplicate_even_in_one_commit(tmp_path: Path) -> None:
    house = House(tmp_path, inspector=AfterMeta())
    by_stow, by_dimse = part10(b"by stow", a_file()), part10(b"bydimse", a_file())
    assert [each.outcome.value for each in house.send(by_stow, by_dimse)] == ["stored", "duplicate"]
    assert [each.outcome.value for each in house.send(by_dimse)] == ["duplicate"]
    other = part10(b"bydimse", a_file(filler=1))
    assert [each.outcome.value for each in house.send(other)] == ["conflict"]
    resaid = part10(b"bydimse", a_file(transfer_syntax_uid="1.2.840.10008.1.2"))
    assert [each.outcome.value for each in house.send(resaid)] == ["conflict"]
    house.close()
