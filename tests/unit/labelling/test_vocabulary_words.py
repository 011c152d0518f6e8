"""Every finding by the very words in which we draft it, at every certainty, on every side."""

import pytest

from wetread.domain.finding import VOCABULARY, FindingName
from wetread.domain.report import Certainty
from wetread.domain.statement import Change, Presence
from wetread.labelling.labeller import RuleLabeller

LABELLER = RuleLabeller()
HEDGES = {
    "": Certainty.CERTAIN,
    "Probable ": Certainty.PROBABLE,
    "Possible ": Certainty.POSSIBLE,
    "Questionable ": Certainty.QUESTIONABLE,
}


@pytest.mark.parametrize("name", list(FindingName))
@pytest.mark.parametrize("hedge", list(HEDGES))
def test_a_called_finding_is_read_as_it_is_drafted(name: FindingName, hedge: str) -> None:
    for side in ("", "left ", "right ", "bilateral "):
        for relation, change in ((", new since the prior of 3 days before", Change.NEW), ("", Change.UNSTATED)):
            (said,) = LABELLER.statements(f"{hedge}{side}{VOCABULARY[name].display}{relation}.")
            assert (said.name, said.certainty, said.change) == (name, HEDGES[hedge], change)
            assert said.presence is (Presence.UNCERTAIN if hedge else Presence.POSITIVE)
            assert said.laterality in (side.strip(), "")
            assert said.laterality or not side or not VOCABULARY[name].lateralised
