"""From statements to one label per finding."""

import pytest

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty
from wetread.domain.statement import Presence
from wetread.labelling.aggregation import report_labels
from wetread.labelling.labeller import RuleLabeller

LABELLER = RuleLabeller()


def labels(text: str) -> dict[str, str]:
    return {name.value: each.presence.value for name, each in report_labels(LABELLER.statements(text)).items()}


@pytest.mark.parametrize(
    ("text", "presence"),
    [
        ("No effusion. Left effusion.", "positive"),
        ("No effusion. Possible effusion.", "uncertain"),
        ("Possible effusion. Left effusion.", "positive"),
        ("No effusion.", "negative"),
        ("FINDINGS: Left effusion.\n\nIMPRESSION: No effusion.", "negative"),
        ("FINDINGS: Left effusion.\n\nIMPRESSION: Possible effusion.", "uncertain"),
        ("FINDINGS: Possible effusion.\n\nIMPRESSION: Left effusion.", "positive"),
        ("FINDINGS: Left effusion.\n\nIMPRESSION: Cardiomegaly.", "positive"),
        ("FINDINGS: Left effusion.\n\nIMPRESSION: No acute disease.", "positive"),
        ("FINDINGS: Left effusion.\n\nIMPRESSION: No large effusion.", "positive"),
        ("FINDINGS: Left effusion.\n\nIMPRESSION: No right effusion.", "positive"),
        ("FINDINGS: Left effusion.\n\nIMPRESSION: No new effusion.", "positive"),
        ("FINDINGS: Left effusion.\n\nIMPRESSION: Questionable effusion.", "positive"),
    ],
)
def test_the_order_and_the_impression(text: str, presence: str) -> None:
    assert labels(text)["effusion"] == presence


def test_a_finding_without_a_statement_is_not_mentioned() -> None:
    assert labels("Left effusion.") == {"effusion": "positive"}


def test_one_clear_lung_says_nothing_of_the_chest() -> None:
    assert labels("The right lung is clear.") == {}
    assert {each.laterality for each in LABELLER.statements("The right lung is clear.")} == {"right"}
    assert labels("Both lungs are clear.")["consolidation"] == "negative"


def test_a_label_is_the_statement_that_decided_it() -> None:
    text = "Possible effusion. Probable effusion."
    decided = report_labels(LABELLER.statements(text))[FindingName.EFFUSION]
    assert (decided.presence, decided.certainty, decided.start) == (Presence.UNCERTAIN, Certainty.PROBABLE, 28)


def test_a_normal_chest_denies_all_but_devices() -> None:
    said = labels("Normal chest radiograph.")
    assert set(said) == {name.value for name in FindingName} - {"support_devices"}
    assert set(said.values()) == {"negative"}
