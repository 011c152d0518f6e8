"""A version is its bytes: same rows same address, any change another, and nothing tampered is read."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.governance.dataset_version import (
    LABELS,
    SOURCES,
    DatasetRow,
    LabelPolicy,
    canonical_bytes,
    compare_versions,
    dataset_sha256,
    make_version,
    read_version,
)

POLICY = LabelPolicy()
ROWS = (
    DatasetRow("s1", "effusion", "positive", "text", "p1", "train"),
    DatasetRow("s1", "mass", "not_mentioned", "none", "p1", "train"),
    DatasetRow("s2", "effusion", "uncertain", "text", "p2", "test"),
)
row_strategy = st.builds(
    DatasetRow,
    st.text(min_size=1, max_size=6),
    st.sampled_from(["effusion", "mass"]),
    st.sampled_from(LABELS),
    st.sampled_from(SOURCES),
)


@given(st.lists(row_strategy, min_size=1, max_size=12, unique_by=lambda each: (each.study, each.finding)), st.randoms())
def test_the_address_does_not_know_the_order_and_the_bytes_come_back(rows: list[DatasetRow], random: object) -> None:
    made = make_version(rows, POLICY)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert dataset_sha256(make_version(rows, POLICY)) == dataset_sha256(made)
    assert read_version(canonical_bytes(made), dataset_sha256(made)) == made


def test_the_address_is_that_of_bytes_written_out_by_hand() -> None:
    made = make_version(ROWS[2:], LabelPolicy("negative"), "f" * 64)
    assert canonical_bytes(made) == (
        b'{"format":"wetread dataset 1","parent":"' + b"f" * 64 + b'","policy":{"uncertain_as":"negative","unmentioned_as":"ignore"}}\n'
        b'["s2","effusion","uncertain","text","p2","test"]\n'
    )  # fmt: skip


def test_another_label_policy_or_parent_is_another_version() -> None:
    made = make_version(ROWS, POLICY)
    others = (
        make_version((replace(ROWS[0], label="negative"), *ROWS[1:]), POLICY),
        make_version(ROWS, LabelPolicy("positive")),
        make_version(ROWS, POLICY, dataset_sha256(made)),
        make_version(ROWS[:2], POLICY),
    )
    assert len({dataset_sha256(each) for each in (made, *others)}) == 5


def test_the_most_trusted_source_wins_whatever_the_order() -> None:
    again = DatasetRow("s2", "effusion", "positive", "adjudicated", "p2", "test")
    for rows in ((*ROWS, again), (again, *ROWS)):
        assert again in make_version(rows, POLICY).rows
    assert len(make_version((*ROWS, again), POLICY).rows) == 3


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((), "bad_dataset"),
        ((*ROWS, replace(ROWS[0], label="negative")), "conflicting_labels"),
        ((replace(ROWS[0], label="maybe"),), "bad_dataset"),
        ((replace(ROWS[0], label_source="rumour"),), "bad_dataset"),
        ((replace(ROWS[0], study=""),), "bad_dataset"),
        ((ROWS[0], replace(ROWS[2], patient="p1")), "bad_dataset"),
    ],
)
def test_what_is_no_dataset_is_refused(rows: tuple[DatasetRow, ...], code: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        make_version(rows, POLICY)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"positive", b"negative"),
        lambda data: data + b"\n",
        lambda data: b"\n".join(reversed(data.split(b"\n"))),
        lambda data: data.replace(b"wetread dataset 1", b"wetread dataset 9"),
        lambda data: data[:40],
        lambda data: b"",
        lambda data: b"\xff\xfe",
    ],
)
def test_changed_bytes_are_not_read(damage: object) -> None:
    made = make_version(ROWS, POLICY)
    with pytest.raises(PermanentError) as refusal:
        read_version(damage(canonical_bytes(made)), dataset_sha256(made))  # type: ignore[operator]
    assert refusal.value.code == "bad_dataset"


def test_the_difference_says_what_changed() -> None:
    first = make_version(ROWS, POLICY)
    changed = (
        replace(ROWS[0], label="negative", label_source="adjudicated"),
        replace(ROWS[2], split="train"),
        DatasetRow("s3", "mass", "negative", "text", "p3", "train"),
    )
    found = compare_versions(first, make_version(changed, LabelPolicy("negative"), dataset_sha256(first)))
    assert (found.added_studies, found.removed_studies, found.added_rows, found.removed_rows) == (1, 0, 1, 1)
    assert found.relabelled == {("effusion", "positive", "negative"): 1}
    assert found.resourced == {("text", "adjudicated"): 1}
    assert found.moved == 1
    assert found.policy == {"uncertain_as": ("ignore", "negative")}
    assert not found.same
    assert compare_versions(first, make_version(reversed(ROWS), POLICY)).same
