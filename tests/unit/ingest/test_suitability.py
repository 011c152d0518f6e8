"""Which films the header lets the model read, and which of several."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders_ingest import CHEST_PA, NOON
from hypothesis import given, settings
from hypothesis import strategies as st

from wetread.domain.errors import UnsuitableImage
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.study import ImageTraits, Instance
from wetread.ingest.suitability import SuitabilityPolicy, Verdict, assess_header, choose_film, header_flags, rejection

POLICY = SuitabilityPolicy()
SC, SR = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.88.33"
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"


def film(key: str, **traits: object) -> Instance:
    return Instance(InstanceKey(key), StudyKey("s"), "0" * 64, 1, replace(CHEST_PA, **traits), NOON)


@pytest.mark.parametrize(
    "traits",
    [
        {},
        {"modality": "CR"},
        {"modality": ""},
        {"view_position": "AP"},
        {"view_position": "AP SUPINE"},
        {"body_part_examined": "PORT CHEST"},
        {"body_part_examined": "", "series_description": "Thorax p.a."},
        {"number_of_frames": 1},
    ],
)
def test_a_frontal_chest_radiograph_is_read(traits: dict[str, object]) -> None:
    suitability = assess_header(replace(CHEST_PA, **traits), POLICY)
    assert (suitability.verdict, header_flags(suitability)) == (Verdict.READ, ())


@pytest.mark.parametrize(
    ("code", "traits"),
    [
        ("wrong_modality", {"modality": "CT"}),
        ("wrong_modality", {"modality": "MR"}),
        ("wrong_modality", {"modality": "MG"}),
        ("wrong_modality", {"modality": "", "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2"}),
        ("secondary_capture", {"modality": "OT", "sop_class_uid": SC}),
        ("multi_frame", {"number_of_frames": 2}),
        ("colour", {"samples_per_pixel": 3}),
        ("too_small", {"rows": 127}),
        ("too_small", {"columns": 0}),
        ("no_pixel_data", {"has_pixel_data": False}),
        ("no_pixel_data", {"has_pixel_data": False, "rows": 0, "columns": 0}),
        ("wrong_body_part", {"body_part_examined": "HAND"}),
        ("lateral_view", {"view_position": "LL"}),
        ("lateral_view", {"view_position": "RL"}),
        ("lateral_view", {"view_position": "LATERAL"}),
        ("lateral_view", {"view_position": "", "patient_orientation": ("A", "F")}),
        ("other_view", {"view_position": "LLD"}),
        ("other_view", {"view_position": "RAO"}),
    ],
)
def test_what_is_no_frontal_chest_film_is_refused_with_advice(code: str, traits: dict[str, object]) -> None:
    suitability = assess_header(replace(CHEST_PA, **traits), POLICY)
    assert (suitability.verdict, suitability.code, suitability.readable) == (Verdict.REFUSE, code, False)
    assert len(suitability.advice) > 20


@pytest.mark.parametrize(
    ("code", "traits"),
    [
        ("view_unknown", {"view_position": ""}),
        ("view_unknown", {"view_position": "FRONTAL?"}),
        ("body_part_unknown", {"body_part_examined": ""}),
        ("body_part_unknown", {"body_part_examined": "", "series_description": "AP portable"}),
    ],
)
def test_what_the_header_leaves_open_is_flagged_for_the_pixel_gate(code: str, traits: dict[str, object]) -> None:
    suitability = assess_header(replace(CHEST_PA, **traits), POLICY)
    assert (suitability.verdict, suitability.code, suitability.readable) == (Verdict.FLAG, code, True)
    assert [flag.code for flag in header_flags(suitability)] == [code]


def test_a_captured_film_is_read_where_the_site_says_so() -> None:
    captured = replace(CHEST_PA, modality="OT", sop_class_uid=SC)
    assert assess_header(captured, SuitabilityPolicy(read_secondary_capture=True)).readable


def test_a_document_is_not_an_image() -> None:
    document = replace(CHEST_PA, modality="SR", sop_class_uid=SR, rows=0, columns=0, has_pixel_data=False)
    assert assess_header(document, POLICY).verdict is Verdict.NOT_AN_IMAGE


@settings(deadline=None)
@given(modality=st.text(max_size=20), body_part=st.text(max_size=20), view=st.text(max_size=20))
def test_advice_never_repeats_free_text_of_the_header(modality: str, body_part: str, view: str) -> None:
    """Free text may hold a name; only a short code of capitals is shown."""
    traits = replace(CHEST_PA, modality=modality, body_part_examined="~" + body_part, view_position="~" + view)
    advice = assess_header(traits, POLICY).advice
    assert "~" not in advice
    assert len(modality.upper()) <= 4 or modality.upper() not in advice or not modality.strip()


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({}, {"view_position": "AP"}),
        ({"view_position": "AP"}, {"view_position": ""}),
        ({}, {"body_part_examined": ""}),
        ({}, {"sop_class_uid": FOR_PROCESSING}),
        ({}, {"image_type": ("DERIVED", "SECONDARY")}),
        ({}, {"rows": 1000}),
        ({}, {"view_position": "LL", "rows": 4000}),
    ],
)
def test_the_best_frontal_film_is_chosen_in_any_order(better: dict[str, object], worse: dict[str, object]) -> None:
    good, bad = film("b", **better), film("a", **worse)
    assert choose_film([good, bad], POLICY).film is good
    assert choose_film([bad, good], POLICY).film is good


def test_equal_films_are_told_apart_by_arrival() -> None:
    first = film("z")
    second = replace(film("a"), received_at=NOON + timedelta(seconds=1))
    assert choose_film([second, first], POLICY).film is first


def test_every_other_instance_is_kept_with_the_reason_why_it_is_not_read() -> None:
    choice = choose_film([film("a"), film("b", view_position="LL"), film("c", view_position="AP")], POLICY)
    assert {u.instance.instance_key: u.suitability.code for u in choice.unread} == {
        "b": "lateral_view",
        "c": "second_film",
    }


def test_a_study_without_a_readable_film_says_why() -> None:
    document = film("a", has_pixel_data=False, rows=0, sop_class_uid=SR)
    with pytest.raises(UnsuitableImage) as refusal:
        choose_film([document, film("b", view_position="LL")], POLICY)
    assert refusal.value.code == "lateral_view"
    assert rejection([]).code == "no_instances"


def traits_of(**changes: object) -> ImageTraits:
    return replace(CHEST_PA, **changes)


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            traits_of,
            modality=st.sampled_from(["DX", "CR", "CT", ""]),
            view_position=st.sampled_from(["PA", "AP", "LL", ""]),
            rows=st.sampled_from([100, 2000, 3000]),
        ),
        max_size=6,
    )
)
def test_an_unreadable_film_is_never_chosen_and_none_is_lost(many: list[ImageTraits]) -> None:
    instances = [replace(film(str(at)), traits=traits) for at, traits in enumerate(many)]
    readable = [each for each in instances if assess_header(each.traits, POLICY).readable]
    if not readable:
        with pytest.raises(UnsuitableImage):
            choose_film(instances, POLICY)
        return
    choice = choose_film(instances, POLICY)
    assert choice.film in readable
    assert len(choice.unread) == len(instances) - 1
