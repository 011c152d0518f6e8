"""The probe sentences, all of them: each says of its finding what stands above it."""

import tomllib
from pathlib import Path

import pytest

from wetread.labelling.aggregation import report_labels
from wetread.labelling.labeller import RuleLabeller

PROBES = [
    (sentence, name, presence)
    for group in tomllib.loads((Path(__file__).parent / "probes.toml").read_text("utf-8")).values()
    for presence, sentences in group.items()
    for sentence, name in sentences
]
LABELLER = RuleLabeller()


@pytest.mark.parametrize(("sentence", "name", "presence"), PROBES)
def test_a_probe_is_read_as_it_says(sentence: str, name: str, presence: str) -> None:
    labels = {name.value: said for name, said in report_labels(LABELLER.statements(sentence)).items()}
    assert name in labels
    assert labels[name].presence == presence
