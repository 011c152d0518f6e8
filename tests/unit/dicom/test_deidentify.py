"""Headers de-identified by PS3.15 annex E: canaries in every attribute with an action, at the top and in sequences, under any options; nothing of them is left."""

import json
import tomllib
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wetread.dicom.confidentiality import Action, Option, action_for
from wetread.dicom.deidentified_statement import CODES
from wetread.dicom.deidentified_values import DUMMIES, aged, fits
from wetread.dicom.deidentify import Confidentiality, deidentified
from wetread.dicom.dictionary import vr_of
from wetread.dicom.pseudonyms import Pseudonyms
from wetread.domain.errors import UnsuitableImage

KEY = Pseudonyms(bytes(range(32)))
TABLE = tomllib.loads((files("wetread.dicom") / "confidentiality.toml").read_text())
REQUIRED = sorted(tag for tag in TABLE["profile"] if "x" not in tag and not tag.startswith(("50", "60")))
CR = "1.2.840.10008.5.1.4.1.1.1"
CANARIES: dict[str, Any] = {
    "AE": "KANARIENVOGEL",
    "AS": "077Y",
    "AT": "00C0FFEE",
    "CS": "KANARIENVOGEL",
    "DA": "19770717",
    "DS": 77.7177,
    "DT": "19770717070717",
    "FD": 77.7177,
    "FL": 77.7177,
    "IS": 771777,
    "PN": {"Alphabetic": "Kanarienvogel^Gelb"},
    "SL": 771777,
    "SS": 17177,
    "TM": "070717",
    "UI": "1.2.77.7177.1",
    "UL": 771777,
    "UR": "https://kanarienvogel.example/",
    "US": 17177,
}
CANARY_BYTES = "S2FuYXJpZW52b2dlbA=="
WIDEST = frozenset(Option) - {Option.RETAIN_DATES}


def canary(vr: str) -> dict[str, Any]:
    if vr in ("OB", "OD", "OF", "OL", "OV", "OW", "UN"):
        return {"vr": vr, "InlineBinary": CANARY_BYTES}
    if vr == "SQ":
        return {"vr": "SQ", "Value": [{"00081030": {"vr": "LO", "Value": ["Kanarienvogel"]}}]}
    return {"vr": vr, "Value": [CANARIES.get(vr, "Herr Kanarienvogel, Tel. 0171 7717771")]}


def a_film(**more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "00080016": {"vr": "UI", "Value": [CR]},
        "00080018": {"vr": "UI", "Value": ["1.2.3.1"]},
        "0020000D": {"vr": "UI", "Value": ["1.2.3.3"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Kanarienvogel^Gelb"}]},
        "00100020": {"vr": "LO", "Value": ["MRN771777"]},
        "00180015": {"vr": "CS", "Value": ["CHEST"]},
        "00185101": {"vr": "CS", "Value": ["PA"]},
        "00280010": {"vr": "US", "Value": [32]},
        **more,
    }


def done(data_set: dict[str, Any], *options: Option, key: Pseudonyms = KEY, **how: Any) -> dict[str, Any]:
    return deidentified(data_set, Confidentiality(frozenset(options), key, **how))


def survives(told: Any) -> list[str]:
    text = json.dumps(told).lower()
    signs = (
        "kanarienvogel",
        "gelb",
        "19770717",
        "77.7177",
        "17177",
        "070717",
        "1.2.77",
        CANARY_BYTES.lower(),
        "c0ffee",
        "077y",
    )
    return [sign for sign in signs if sign in text]


def test_no_canary_survives_in_any_attribute_that_the_profile_names() -> None:
    film = a_film(**{tag: canary(vr_of(int(tag, 16))) for tag in REQUIRED if tag not in ("00100010", "00100020")})
    assert len(film) > 600
    assert survives(film)
    told = done(film)
    assert survives(told) == []
    assert told["00180015"]["Value"] == ["CHEST"]


@pytest.mark.parametrize("around", ["00081140", "00400275", "00081115", "00180012", "0040A730", "00091001"])
def test_nor_inside_sequences_at_any_depth(around: str) -> None:
    inside = {tag: canary(vr_of(int(tag, 16))) for tag in REQUIRED}
    deep = {around: {"vr": "SQ", "Value": [{"00082112": {"vr": "SQ", "Value": [inside]}, **inside}]}}
    assert survives(done(a_film(**deep))) == []
    assert survives(done(a_film(**deep), Option.CLEAN_STRUCTURED, Option.CLEAN_DESCRIPTORS)) == []


def test_nor_in_what_the_profile_does_not_name() -> None:
    strange = {
        "00091010": {"vr": "LO", "Value": ["Kanarienvogel"]},
        "00090010": {"vr": "LO", "Value": ["KANARIENVOGEL 1.0"]},
        "00091011": {"vr": "UN", "InlineBinary": CANARY_BYTES},
        "60000022": {"vr": "LO", "Value": ["Kanarienvogel"]},
        "60021500": {"vr": "LO", "Value": ["Kanarienvogel"]},
        "60003000": {"vr": "OW", "InlineBinary": CANARY_BYTES},
        "50000022": {"vr": "LO", "Value": ["Kanarienvogel"]},
        "00880200": canary("SQ"),
        "00880904": {"vr": "LO", "Value": ["Kanarienvogel"]},
        "00420011": {"vr": "OB", "InlineBinary": CANARY_BYTES},
        "00187006": {"vr": "LT", "Value": ["Kanarienvogel"]},
        "00080053": {"vr": "CS", "Value": ["KANARIENVOGEL"]},
        "00102201": {"vr": "LO", "Value": ["Kanarienvogel"]},
        "77771234": {"vr": "UT", "Value": ["Kanarienvogel"]},
        "00180060": {"vr": "DS", "Value": ["Kanarienvogel"]},
        "00081032": {"vr": "SQ", "Value": [{"00080100": canary("SH"), "00080102": {"vr": "SH", "Value": ["99HOUSE"]}}]},
    }
    for tag, attribute in strange.items():
        assert survives(done(a_film(**{tag: attribute}))) == [], tag


def test_a_value_of_unknown_vr_is_not_passed_on() -> None:
    film = a_film(**{tag: {"vr": "UN", "InlineBinary": CANARY_BYTES} for tag in (*REQUIRED, *TABLE["kept"])})
    film["00080016"] = {"vr": "UI", "Value": [CR]}
    assert survives(done(film, *WIDEST)) == []


@pytest.mark.parametrize("words", ["Kanarienvogel", "1.2.840.10008.KANARIENVOGEL", "1.2.3 Kanarienvogel"])
def test_words_where_a_uid_belongs_are_no_uid(words: str) -> None:
    film = a_film(**{tag: {"vr": "UI", "Value": [words]} for tag in (*REQUIRED, *TABLE["kept"])})
    film["00080016"] = {"vr": "UI", "Value": [CR]}
    assert survives(done(film, *WIDEST)) == []


@settings(max_examples=60, deadline=None)
@given(
    tags=st.lists(st.sampled_from(REQUIRED), min_size=1, max_size=12, unique=True),
    options=st.sets(
        st.sampled_from([Option.CLEAN_PIXELS, Option.CLEAN_STRUCTURED, Option.CLEAN_DESCRIPTORS, Option.SHIFT_DATES])
    ),
    depth=st.integers(0, 4),
    around=st.sampled_from([tag for tag in REQUIRED if vr_of(int(tag, 16)) == "SQ"]),
)
def test_cleaning_options_let_nothing_through(tags: list[str], options: set[Option], depth: int, around: str) -> None:
    level = {tag: canary(vr_of(int(tag, 16))) for tag in tags}
    for _ in range(depth):
        level = {around: {"vr": "SQ", "Value": [level]}}
    left = survives(done(a_film(**level), *options))
    assert set(left) <= ({"070717"} if Option.SHIFT_DATES in options else set())


def test_what_describes_image_and_exposure_stays() -> None:
    kept = {
        tag: {"vr": vr, "Value": ["A TERM" if vr == "CS" else "1.0" if vr == "LO" else "SN-1" if vr == "SH" else 7]}
        for tag in TABLE["kept"]
        if (vr := vr_of(int(tag, 16))) not in ("SQ", "UI", "OW")
    }
    told = done(a_film(**kept))
    assert {tag: told.get(tag) for tag in kept} == kept


def test_codes_of_everybodys_schemes_stay_and_words_in_them_are_cleaned() -> None:
    code = {
        "00080100": {"vr": "SH", "Value": ["399348003"]},
        "00080102": {"vr": "SH", "Value": ["SCT"]},
        "00080104": {"vr": "LO", "Value": ["antero-posterior"]},
    }
    told = done(a_film(**{"00540220": {"vr": "SQ", "Value": [code]}}))
    assert told["00540220"] == {"vr": "SQ", "Value": [code]}


@pytest.mark.parametrize(
    ("kind", "basic", "action"),
    [
        ("1", "X/Z/D", Action.DUMMY),
        ("2", "X/Z/D", Action.EMPTY),
        ("3", "X/Z/D", Action.REMOVE),
        ("2", "X/D", Action.DUMMY),
        ("3", "Z/D", Action.EMPTY),
        ("1", "X/Z", Action.EMPTY),
        ("1", "Z", Action.DUMMY),
        ("1", "X/Z/U*", Action.REMAP),
        ("3", "X/Z/U*", Action.REMOVE),
    ],
)
def test_a_compound_action_follows_the_type(kind: str, basic: str, action: Action) -> None:
    from wetread.dicom.confidentiality import _basic

    assert _basic(basic, Action({"1": "D", "2": "Z", "3": "X"}[kind])) is action


def test_every_option_of_the_table_acts_as_it_says() -> None:
    names = {
        "uids": Option.RETAIN_UIDS,
        "device": Option.RETAIN_DEVICE,
        "institution": Option.RETAIN_INSTITUTION,
        "patient": Option.RETAIN_PATIENT,
        "dates": Option.RETAIN_DATES,
    }
    retained = 0
    for tag, line in TABLE["profile"].items():
        for exception in line.split()[1:]:
            name, action = exception.split("=")
            if action == "K" and name in names and "x" not in tag:
                assert action_for(tag, frozenset({names[name]}), "cr") is Action.RETAIN
                retained += 1
    assert retained == 289


def test_uids_are_keyed_stable_and_valid() -> None:
    first, second = done(a_film()), done(a_film())
    assert first == second
    uid = first["00080018"]["Value"][0]
    assert uid.startswith("2.25.")
    assert len(uid) <= 44
    other = done(a_film(), key=Pseudonyms(bytes(32)))
    assert other["00080018"] != first["00080018"]
    assert other["00100020"] != first["00100020"]
    assert first["00080016"]["Value"] == [CR]


def test_references_follow_the_instances_they_mean() -> None:
    reference = {"00081150": {"vr": "UI", "Value": [CR]}, "00081155": {"vr": "UI", "Value": ["1.2.3.1"]}}
    film = a_film(**{"00081115": {"vr": "SQ", "Value": [{"0008114A": {"vr": "SQ", "Value": [reference]}}]}})
    told = done(film)
    inside = told["00081115"]["Value"][0]["0008114A"]["Value"][0]
    assert inside["00081155"] == told["00080018"]
    assert inside["00081150"]["Value"] == [CR]


@pytest.mark.parametrize("options", [(), (Option.SHIFT_DATES, Option.RETAIN_PATIENT), tuple(WIDEST)])
def test_twice_is_once(options: tuple[Option, ...]) -> None:
    film = a_film(**{tag: canary(vr_of(int(tag, 16))) for tag in REQUIRED if tag not in ("00100010", "00100020")})
    once = done(film, *options)
    assert done(once, *options) == once


def test_dates_move_together_by_patient() -> None:
    def days(patient: str) -> tuple[str, str]:
        film = a_film(
            **{
                "00080020": {"vr": "DA", "Value": ["20260301"]},
                "0008002A": {"vr": "DT", "Value": ["20260303101500.5+0100"]},
            }
        )
        film["00100020"] = {"vr": "LO", "Value": [patient]}
        told = done(film, Option.SHIFT_DATES)
        assert told["00280303"]["Value"] == ["MODIFIED"]
        return told["00080020"]["Value"][0], told["0008002A"]["Value"][0]

    study, taken = days("A")
    assert study != "20260301"
    assert taken[8:] == "101500.5+0100"
    assert int(taken[:8]) - int(study) in (2, 2 + 100 - 28, 2 + 100 - 29, 2 + 100 - 30, 2 + 100 - 31, 8872, 8871)
    assert days("A") == (study, taken)
    assert days("B") != (study, taken)


def test_a_broken_date_is_not_shifted_but_gone() -> None:
    told = done(a_film(**{"00080020": {"vr": "DA", "Value": ["BORN IN MAY"]}}), Option.SHIFT_DATES)
    assert told["00080020"] == {"vr": "DA"}


def test_descriptions_are_cleaned_of_who_the_header_names() -> None:
    words = "CHEST PA, Frau Kanarienvogel, MRN771777, 12.05.2025"
    told = done(a_film(**{"00081030": {"vr": "LO", "Value": [words]}}), Option.CLEAN_DESCRIPTORS)
    assert survives(told) == []
    assert "CHEST PA" in told["00081030"]["Value"][0]
    assert "00081030" not in done(a_film(**{"00081030": {"vr": "LO", "Value": [words]}}))


def test_ages_over_89_are_90() -> None:
    assert [aged(each) for each in ("089Y", "090Y", "101Y", "011M", "old", 7)] == [
        "089Y",
        "090Y",
        "090Y",
        "011M",
        None,
        None,
    ]
    told = done(a_film(**{"00101010": {"vr": "AS", "Value": ["097Y"]}}), Option.RETAIN_PATIENT)
    assert told["00101010"]["Value"] == ["090Y"]


def test_listed_private_attributes_stay_with_their_creator() -> None:
    film = a_film(
        **{
            "00090010": {"vr": "LO", "Value": ["ACME 1.0"]},
            "00091002": {"vr": "DS", "Value": [1.5]},
            "00091003": {"vr": "LO", "Value": ["Kanarienvogel"]},
        }
    )
    told = done(film, Option.RETAIN_PRIVATE, private=frozenset({("ACME 1.0", "000902")}))
    assert {tag for tag in told if tag.startswith("0009")} == {"00090010", "00091002"}
    assert not any(tag.startswith("0009") for tag in done(film, Option.RETAIN_PRIVATE))
    assert not any(tag.startswith("0009") for tag in done(film, private=frozenset({("ACME 1.0", "000902")})))


def test_the_film_says_what_was_done() -> None:
    told = done(a_film(), Option.CLEAN_PIXELS, Option.SHIFT_DATES)
    assert told["00120062"]["Value"] == ["YES"]
    codes = [item["00080100"]["Value"][0] for item in told["00120064"]["Value"]]
    assert codes == ["113100", "113101", "113107"]
    assert "00280301" not in told  # who looks at the pixels says so, nobody else
    assert len(CODES) == len(Option)


def test_what_is_no_radiograph_is_refused() -> None:
    film = a_film(**{"00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.88.33"]}})
    with pytest.raises(UnsuitableImage) as refused:
        done(film)
    assert refused.value.code == "sop_class"
    with pytest.raises(UnsuitableImage):
        done(a_film(), Option.RETAIN_DATES, Option.SHIFT_DATES)


def test_a_dummy_is_of_its_vr() -> None:
    for vr, dummy in DUMMIES.items():
        if "Value" in dummy:
            assert fits(vr, dummy["Value"][0]), vr
