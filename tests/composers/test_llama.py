"""A small model in the process: it gets facts wrong in most sentences, and none of them reaches a draft."""

import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from tests.documented_composers import documented, run_documented
from tests.drafting_cases import a_case
from tests.drafting_faithful import is_faithful

from wetread.composers.assemble import smollm_path
from wetread.composers.chat import Question
from wetread.composers.language_model import LanguageModelComposer
from wetread.composers.llama_chat import LlamaChat, load_llama
from wetread.domain.errors import PermanentError, WetreadError
from wetread.drafting.grammar import GrammarDrafter
from wetread.drafting.guard import GuardedDrafter
from wetread.labelling.labeller import RuleLabeller
from wetread.rpc.client import GrpcDrafter
from wetread.rpc.rehearsal import example_request

SHORT = Question("Answer with JSON.", ("Count to 2.", '{"n": [1, 2]}'), "Count to 3.", {"type": "object"}, 40)


@pytest.fixture(scope="module")
def smollm() -> LlamaChat:
    return load_llama(smollm_path(), threads=1)


def test_of_a_small_models_sentences_only_true_ones_stand(smollm: LlamaChat) -> None:
    composer = LanguageModelComposer(smollm, GrammarDrafter(), within_s=240, one_each=True)
    drafter = GuardedDrafter(composer, GrammarDrafter(), RuleLabeller())
    rng, refused, passed = Random(7), 0, 0
    for _ in range(4):
        case = a_case(rng)
        draft = drafter.draft(case.request)
        assert draft.composer.startswith("llama/SmolLM2-135M-Instruct.Q4_1 guarded by")
        assert draft.findings == case.reference.findings
        told = {case.reference.sentences[place].evidence: told for place, told in case.told.items()}
        kept = {each.text for each in case.reference.sentences}
        refused += sum(bool(each.guarded) for each in draft.sentences)
        for each in draft.sentences:
            if each.text not in kept:
                assert is_faithful(each.text, [told[each.evidence]]), each.text
                passed += 1
    assert refused, "it told no lie: the test shows nothing"
    assert passed + refused > 4


def test_the_same_question_has_the_same_answer_and_a_late_one_stops(smollm: LlamaChat) -> None:
    first = smollm.ask(SHORT, 120)
    with pytest.raises(WetreadError) as late:
        smollm.ask(SHORT, 0.001)
    assert late.value.code == "composer_late"
    assert smollm.ask(SHORT, 120) == first


def test_an_answer_without_an_end_is_none(smollm: LlamaChat) -> None:
    endless = Question("Write.", ("a", "b"), "Write a long story.", {"type": "object"}, 5)
    with pytest.raises(PermanentError) as cut_off:
        smollm.ask(endless, 120)
    assert cut_off.value.code == "composer_bad_answer"


def test_a_question_that_is_too_long_is_refused(smollm: LlamaChat) -> None:
    with pytest.raises(PermanentError) as refusal:
        smollm.ask(Question("x", ("a", "b"), "word " * 20_000, {"type": "object"}, 5), 120)
    assert refusal.value.code in ("composer_refused", "composer_bad_answer")


def test_the_library_leaves_no_door_open(smollm: LlamaChat) -> None:
    """It listens on a Unix socket whose name is gone: nothing on a port, nothing that could be found."""
    ours = {str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    listening = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    assert not [row for row in listening if row[3] == "0A" and f"socket:[{row[9]}]" in ours]
    doors = [line.split()[-1] for line in Path("/proc/self/net/unix").read_text().splitlines() if "door.sock" in line]
    assert doors
    assert not [door for door in doors if Path(door).exists()]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"GGUF" + bytes(64), None])
def test_what_is_no_model_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PermanentError) as refusal:
        load_llama(path)
    assert refusal.value.code == "bad_model"


def test_the_confined_service_words_drafts_by_it() -> None:
    options = ("--composer", "smollm", "--compose-within", "200", "--threads", "1")
    command = [sys.executable, "-m", "wetread", "drafter", "serve", "--listen", "127.0.0.1:0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = process.stdout.readline().rpartition("port ")[2].rstrip(")\n")
        draft = GrpcDrafter(f"127.0.0.1:{port}", deadline_s=240).draft(example_request())
        assert draft.composer.startswith("llama/SmolLM2-135M-Instruct.Q4_1 guarded by")
        assert "Seccomp:\t2" in Path(f"/proc/{process.pid}/status").read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        process.stdout.close()


@pytest.mark.parametrize("line", [*documented("smollm"), *documented("gguf")])
def test_the_documented_commands_run(line: str, tmp_path: Path) -> None:
    said = run_documented(line, {"MODEL.gguf": str(smollm_path())}, tmp_path)
    assert "Written by " in said or said.startswith("drafting service ready")
