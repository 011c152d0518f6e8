"""Instructions from other people's collections, in the mouth of a composer: not one displaces a sentence. WETREAD_SHARED names the folder."""

import json
import os
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from tests.drafting_cases import a_case

from wetread.domain.report import Draft
from wetread.drafting.guard import guard
from wetread.labelling.labeller import RuleLabeller

_INJECTION = Path(os.environ["WETREAD_SHARED"]) / "corpora" / "injection"
_TEXT_KEYS = ("text", "injected", "prompt")


def _texts(file: Path) -> list[str]:
    content = file.read_text("utf-8")
    entries = json.loads(content) if file.suffix == ".json" else [json.loads(line) for line in content.splitlines()]
    return [str(each[key]) for each in entries for key in _TEXT_KEYS if each.get(key)]


@pytest.mark.parametrize("file", sorted(_INJECTION.glob("*.json*")), ids=lambda file: file.name)
def test_no_injected_text_displaces_a_sentence(file: Path) -> None:
    rng, labeller, texts = Random(3), RuleLabeller(), _texts(file)
    assert texts
    for text in texts:
        case = a_case(rng)
        reference = case.reference
        place = rng.randrange(len(reference.sentences))
        said = (text, f"{reference.sentences[place].text} {text}", text[:80])
        for words in said:
            sentences = [replace(s, text=words) if n == place else s for n, s in enumerate(reference.sentences)]
            draft = guard(Draft(tuple(sentences), (), "model/1", text), reference, case.request, labeller)
            assert [each.text for each in draft.sentences] == [each.text for each in reference.sentences]
            assert (draft.findings, draft.composer.partition(" ")[0]) == (reference.findings, "model/1")
            assert text not in draft.notice
