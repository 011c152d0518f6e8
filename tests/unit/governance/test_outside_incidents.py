"""Others' lists in their layouts (all words ours) come to one shape, and match devices and findings by whole words only."""

import pytest

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.governance.outside_incidents import (
    Device,
    OutsideIncident,
    from_aiaaic,
    from_maude_csv,
    from_openfda,
    match_incident,
)

RESULT = {
    "mdr_report_key": "777", "report_number": "X-1", "event_type": "Malfunction", "date_of_event": "20260301",
    "product_problems": ["Computer software problem"],
    "device": [{"brand_name": "CHESTLOOK", "generic_name": "TRIAGE SOFTWARE", "manufacturer_d_name": "LOOK LLC", "device_report_product_code": "QFM"}],
    "mdr_text": [{"text_type_code": "Description of Event or Problem", "text": "Two pleural effusions were not marked."}],
}  # fmt: skip


def test_openfda_results() -> None:
    (found,) = from_openfda({"results": [RESULT]})
    assert (found.incident_id, found.kind, found.occurred) == ("777", "Malfunction", "20260301")
    assert found.products == ("CHESTLOOK", "TRIAGE SOFTWARE")
    assert (found.makers, found.product_codes) == (("LOOK LLC",), ("QFM",))
    assert "not marked" in found.text
    (bare,) = from_openfda({"results": [{"report_number": "X-2"}]})
    assert (bare.incident_id, bare.products, bare.text) == ("X-2", (), "")


def test_marks_for_nothing_stated_are_no_names() -> None:
    device = {
        "brand_name": "*",
        "generic_name": "UNK",
        "manufacturer_d_name": "LOOK LLC",
        "device_report_product_code": "",
    }
    (found,) = from_openfda({"results": [{"mdr_report_key": "1", "date_received": "20260401", "device": [device]}]})
    assert (found.products, found.makers, found.product_codes) == ((), ("LOOK LLC",), ())
    assert found.occurred == "20260401"


@pytest.mark.parametrize("document", [[], {}, {"results": {}}, {"results": ["x"]}, {"results": [{}]}])
def test_what_is_no_openfda_answer_is_refused(document: object) -> None:
    with pytest.raises(PermanentError):
        from_openfda(document)


def test_the_maude_searchs_export() -> None:
    rows = [
        ["some title"],
        ["Web Address", "Report Number", "Event Date", "Event Type", "Manufacturer", "Product Code", "Brand Name", "Event Text"],
        ["http://x", "A-1", "03/01/2026", "Injury", "LOOK LLC", "QFM", "CHESTLOOK", "A pneumothorax was missed."],
        ["", "", "", "", "", "", "", ""],
    ]  # fmt: skip
    (found,) = from_maude_csv(rows)
    assert (found.incident_id, found.kind, found.products) == ("A-1", "Injury", ("CHESTLOOK",))


@pytest.mark.parametrize("names", [("Developer(s)", "System name(s)"), ("Developer", "System name")])
def test_the_aiaaic_sheet_with_its_title_lines(names: tuple[str, str]) -> None:
    rows = [
        ["The repository"],
        ["AIAAIC ID#", "Headline", "Type", "Occurred", *names, "Issue(s)"],
        ["", "", "", "", "sub", "header", ""],
        [
            "AIAAIC9999",
            "A chest reader overlooks nodules",
            "Incident",
            "2026",
            "Look LLC; Other",
            "ChestLook",
            "Safety",
        ],
    ]
    (found,) = from_aiaaic(rows)
    assert (found.incident_id, found.makers, found.products) == ("AIAAIC9999", ("Look LLC", "Other"), ("ChestLook",))
    assert match_incident(found, [Device("chestlook")]).findings == (FindingName.NODULE,)


def test_a_file_without_the_columns_is_refused() -> None:
    for read in (from_aiaaic, from_maude_csv):
        with pytest.raises(PermanentError, match="no line names"):
            read([["a", "b"], ["1", "2"]])


def an_incident(**changes: object) -> OutsideIncident:
    facts: dict[str, object] = {
        "source": "maude", "incident_id": "1", "occurred": "", "kind": "", "products": (), "makers": (), "product_codes": (), "text": "",
    }  # fmt: skip
    return OutsideIncident(**facts | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({"product_codes": ("QFM",)}, "product code QFM"),
        ({"products": ("Chest-Look II",)}, "name"),
        ({"text": "the chest look software"}, "name"),
        ({"makers": ("LOOK LLC",)}, "maker"),
        ({"text": "the chestlooker"}, None),
        ({"makers": ("OUTLOOK LLCs",)}, None),
        ({"product_codes": ("QFMX",)}, None),
    ],
)
def test_a_device_matches_by_whole_words(changes: dict[str, object], how: str | None) -> None:
    found = match_incident(an_incident(**changes), [Device("Chest Look", "Look LLC", ("QFM",))])
    assert found.devices == ((("Chest Look", how),) if how else ())
    assert bool(found) == (how is not None)


def test_findings_are_those_named_also_in_the_plural() -> None:
    text = "Pleural effusions and a mass; massive atelectasis, no fractures."
    names = match_incident(an_incident(text=text), []).findings
    assert set(names) == {FindingName.EFFUSION, FindingName.MASS, FindingName.ATELECTASIS, FindingName.FRACTURE}


def test_a_long_text_is_cut_for_show() -> None:
    assert len(an_incident(text="x" * 900).excerpt) == 240
