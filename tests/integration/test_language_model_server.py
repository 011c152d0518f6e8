"""Questions to a real HTTP server that may answer well, badly, too long, too late or never."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.neighbours.certificate import make_certificates
from tests.neighbours.openai_server import LanguageModelServer, language_model_server
from tests.neighbours.receivers import silent_port

from wetread.composers.chat import Question
from wetread.composers.endpoint import read_endpoint, resolve, with_key
from wetread.composers.openai_chat import OpenAiChat
from wetread.composers.relay import Direct
from wetread.domain.errors import PermanentError, TransientError, WetreadError

SCHEMA = {"type": "object"}
QUESTION = Question("Say it again.", ("a", "b"), "findings\n1. Possible cardiomegaly.", SCHEMA, 64)


@pytest.fixture
def server() -> Iterator[LanguageModelServer]:
    with language_model_server() as running:
        yield running


def _chat(url: str, key: Path | None = None, ca: Path | None = None) -> OpenAiChat:
    endpoint = with_key(read_endpoint(url, ca_file=ca), key)
    return OpenAiChat(endpoint, Direct(resolve(endpoint)), "tiny")


def test_a_question_holds_no_tool_no_chance_and_the_schema(server: LanguageModelServer, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sesame\n")
    text = _chat(server.url, key).ask(QUESTION, 60)
    assert json.loads(text)["sentences"][0]["text"] == "There is possible cardiomegaly."
    ((path, headers, body),) = server.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer sesame"
    assert body["temperature"] == 0
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert [m["role"] for m in body["messages"]] == ["system", "user", "assistant", "user"]
    assert set(body) == {"model", "messages", "temperature", "seed", "max_tokens", "n", "stream", "response_format"}


@pytest.mark.parametrize(("schema", "json_object", "tries"), [(True, True, 1), (False, True, 2), (False, False, 3)])
def test_a_server_that_knows_less_is_asked_for_less_and_remembered(
    schema: bool, json_object: bool, tries: int, server: LanguageModelServer
) -> None:
    server.knows_schema, server.knows_json = schema, json_object
    chat = _chat(server.url)
    assert chat.ask(QUESTION, 60) == chat.ask(QUESTION, 60)
    assert len(server.asked) == tries + 1


@pytest.mark.parametrize(
    ("mode", "code", "tries"),
    [
        ("busy", "composer_busy", 3),
        ("busy for long", "composer_busy", 1),
        ("down", "composer_busy", 3),
        ("hangs up", "composer_unreachable", 3),
        ("promises more", "composer_unreachable", 3),
        ("refuses", "composer_refused", 1),
        ("unknown", "composer_refused", 1),
        ("redirects", "composer_refused", 1),
        ("calls a tool", "composer_bad_answer", 1),
        ("calls a tool and talks", "composer_bad_answer", 1),
        ("cut off", "composer_bad_answer", 1),
        ("huge", "composer_too_long", 1),
        ("long", "composer_bad_answer", 1),
        ("endless", "composer_too_long", 1),
        ("deep", "composer_bad_answer", 1),
        ("broken", "composer_bad_answer", 1),
        ("empty", "composer_bad_answer", 1),
        ("other", "composer_bad_answer", 1),
        ("not text", "composer_bad_answer", 1),
    ],
)
def test_a_bad_server_is_refused_after_few_tries(mode: str, code: str, tries: int, server: LanguageModelServer) -> None:
    server.mode = mode
    with pytest.raises(WetreadError) as refusal:
        _chat(server.url).ask(QUESTION, 60)
    assert refusal.value.code == code
    assert "DOE" not in str(refusal.value)
    assert len(server.asked) == tries


def test_a_server_that_was_busy_is_asked_again(server: LanguageModelServer) -> None:
    server.mode = "busy once"
    assert "cardiomegaly" in _chat(server.url).ask(QUESTION, 60)
    assert len(server.asked) == 2


@pytest.mark.parametrize("mode", ["slow", "drips"])
def test_a_late_answer_is_cut_off(mode: str, server: LanguageModelServer) -> None:
    server.mode = mode
    begun = time.monotonic()
    with pytest.raises(TransientError) as late:
        _chat(server.url).ask(QUESTION, 0.5)
    assert late.value.code == "composer_late"
    assert time.monotonic() - begun < 10, "it would have waited for ever"


def test_nobody_there_and_nobody_speaking_are_told_apart() -> None:
    with silent_port() as port, pytest.raises(TransientError) as silent:
        _chat(f"http://127.0.0.1:{port}/v1").ask(QUESTION, 0.3)
    assert silent.value.code == "composer_late"
    with pytest.raises(TransientError) as nobody:
        _chat(f"http://127.0.0.1:{port}/v1").ask(QUESTION, 60)
    assert nobody.value.code == "composer_unreachable"


def test_tls_is_checked_and_plaintext_stays_on_this_machine(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with language_model_server(certificates.server()) as running:
        url = f"https://127.0.0.1:{running.port}/v1"
        assert "cardiomegaly" in _chat(url, ca=certificates.trusted).ask(QUESTION, 60)
        with pytest.raises(PermanentError) as unknown_authority:
            _chat(url).ask(QUESTION, 60)
    with language_model_server(certificates.stranger()) as running, pytest.raises(PermanentError) as other_host:
        _chat(f"https://127.0.0.1:{running.port}/v1", ca=certificates.trusted).ask(QUESTION, 60)
    assert {unknown_authority.value.code, other_host.value.code} == {"composer_tls"}
    with pytest.raises(PermanentError, match="no further than this machine"):
        read_endpoint("http://model.example/v1")


def test_no_proxy_is_asked(server: LanguageModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert "cardiomegaly" in _chat(server.url).ask(QUESTION, 60)


@pytest.mark.parametrize("content", [b"", b"two keys", b"new\nline", "schlüssel".encode(), None])
def test_a_key_file_holds_one_key(content: bytes | None, tmp_path: Path) -> None:
    key = tmp_path / "key"
    if content is not None:
        key.write_bytes(content)
    with pytest.raises(PermanentError, match="key file"):
        with_key(read_endpoint("http://127.0.0.1/v1"), key)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "model.example",
        "ftp://127.0.0.1/v1",
        "http://127.0.0.1:x/",
        "https://u:p@h/v1",
        "https://h/v1?a=b",
        "https://[::1",
    ],
)
def test_a_url_names_a_host_and_no_more(url: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        read_endpoint(url)
    assert refusal.value.code == "bad_composer"
