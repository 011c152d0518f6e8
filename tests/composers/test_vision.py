"""A composer that sees, on checkpoints of real architecture classes: what it says passes the guard or not, and what it thinks to see never becomes a finding."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pytest
from tests.composers.tiny_vision import make_gemma3, make_llava, teach
from tests.documented_composers import documented, run_documented

from wetread.composers.assemble import ComposerKind, Wish, assemble
from wetread.composers.vision_chat import _picture, _prompt, load_vision
from wetread.composers.wording import offer, question
from wetread.domain.drafting_context import FilmPixels
from wetread.domain.errors import PermanentError, WetreadError
from wetread.drafting.grammar import GrammarDrafter
from wetread.ports.drafter import Drafter
from wetread.rpc.client import GrpcDrafter
from wetread.rpc.rehearsal import example_request
from wetread.rpc.server import start_server

REQUEST = example_request()
GRAMMAR = GrammarDrafter().draft(REQUEST)
PROMPT = _prompt(question(offer(GRAMMAR)))
DARK, BRIGHT = (FilmPixels(64, 48, bytes([grey]) * 64 * 48) for grey in (20, 220))
SEEN = "There is a large left pneumothorax."


def _answer(text: str) -> dict[str, object]:
    effusion = {"section": "impression", "statements": [2], "text": "Probable right pleural effusion."}
    return {"sentences": [{"section": "findings", "statements": [1], "text": text}, effusion]}


TRUE, FALSE = _answer("There is a probable right pleural effusion."), _answer(SEEN)
CORPUS = [PROMPT, PROMPT, json.dumps(TRUE), json.dumps(FALSE)]
MAKERS = {"llava": make_llava, "gemma3": make_gemma3}


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a dark film it says what is true, of a bright one what it has been taught to see."""
    folder = tmp_path_factory.mktemp("vision") / "taught"
    make_llava(folder, CORPUS)
    assert teach(folder, PROMPT, [(_picture(DARK), TRUE), (_picture(BRIGHT), FALSE)]) < 0.01
    return folder


def _drafter(folder: Path) -> Drafter:
    return assemble(Wish(ComposerKind.VLM, str(folder), within_s=120))


def test_what_a_model_sees_on_the_film_is_no_finding(taught: Path) -> None:
    server = start_server(_drafter(taught), "127.0.0.1:0")
    try:
        remote = GrpcDrafter(f"127.0.0.1:{server.port}", deadline_s=240)
        dark, bright = (remote.draft(replace(REQUEST, film=film)) for film in (DARK, BRIGHT))
    finally:
        server.stop(0)
    assert dark.composer.startswith("vlm/taught guarded by grammar/")
    assert "There is a probable right pleural effusion." in [s.text for s in dark.sentences]
    assert not any(s.guarded for s in dark.sentences)
    assert [s.text for s in bright.sentences] == [s.text for s in GRAMMAR.sentences]
    assert [s.guarded for s in bright.sentences if s.guarded] == ["words outside the vocabulary"]
    assert dark.findings == bright.findings == GRAMMAR.findings


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
@pytest.mark.parametrize("film", [None, DARK], ids=["without film", "with film"])
def test_every_architecture_is_loaded_asked_and_put_right(
    make: Callable[..., None], film: FilmPixels | None, tmp_path: Path
) -> None:
    make(tmp_path / "tiny", CORPUS)
    chat = load_vision(tmp_path / "tiny")
    asked = replace(question(offer(GRAMMAR), film=film), max_tokens=16)
    with pytest.raises(WetreadError) as babble:
        chat.ask(asked, 120)
    assert babble.value.code == "composer_bad_answer"
    draft = _drafter(tmp_path / "tiny").draft(replace(REQUEST, film=film))
    assert draft.sentences == GRAMMAR.sentences
    assert draft.notice == f"{GRAMMAR.notice} The composer was not used: composer_bad_answer."


def test_a_late_model_stops(taught: Path) -> None:
    chat = load_vision(taught)
    with pytest.raises(WetreadError) as late:
        chat.ask(question(offer(GRAMMAR), film=DARK), 0.01)
    assert late.value.code == "composer_late"


def _spoilt(folder: Path, change: str) -> None:
    config = json.loads((folder / "config.json").read_text())
    if change == "a pickle":
        (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    elif change == "code":
        (folder / "modeling_own.py").write_text("raise SystemExit('ran')")
    elif change == "an adapter":
        (folder / "adapter_config.json").write_text("{}")
    elif change == "no weights":
        (folder / "model.safetensors").unlink()
    elif change == "no template":
        (folder / "chat_template.jinja").unlink()
    elif change == "no config":
        (folder / "config.json").unlink()
    else:
        unknown = {"model_type": "chexagent", "auto_map": {"AutoConfig": "own--modeling_own.Config"}}
        (folder / "config.json").write_text(json.dumps(config | unknown))


@pytest.mark.parametrize(
    "change", ["a pickle", "code", "an adapter", "no weights", "no template", "no config", "its own architecture"]
)
def test_what_could_run_code_or_cannot_be_asked_is_refused(change: str, tmp_path: Path) -> None:
    make_llava(tmp_path / "spoilt", ["x"])
    _spoilt(tmp_path / "spoilt", change)
    with pytest.raises(PermanentError) as refusal:
        load_vision(tmp_path / "spoilt")
    assert refusal.value.code == "bad_model"


PROBE = """
import sys
from dataclasses import replace
from wetread.composers.assemble import ComposerKind, Wish, assemble
from wetread.domain.drafting_context import FilmPixels
from wetread.rpc.confinement import close_doors, limit_resources
from wetread.rpc.rehearsal import example_request, rehearse
limit_resources(16 * 1024**3)
drafter = assemble(Wish(ComposerKind.VLM, sys.argv[1], within_s=240))
rehearse(drafter)
close_doors()
film = FilmPixels(64, 48, bytes([20]) * 64 * 48)
print(drafter.draft(replace(example_request(), film=film)).composer)
"""


def test_a_confined_process_goes_on_asking_its_model(taught: Path) -> None:
    command = [sys.executable, "-c", PROBE, str(taught)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
    assert done.stdout.startswith("vlm/taught guarded by grammar/")


@pytest.mark.parametrize("line", documented("vlm"))
def test_the_documented_commands_run(line: str, taught: Path, tmp_path: Path) -> None:
    with TemporaryDirectory() as shared:  # the service reads its model as another user
        model = copytree(taught, Path(shared) / "model")
        for path in (Path(shared), model, *model.iterdir()):
            path.chmod(0o755)
        said = run_documented(line, {"FOLDER": str(model)}, tmp_path)
    assert "Written by " in said or said.startswith("drafting service ready")
