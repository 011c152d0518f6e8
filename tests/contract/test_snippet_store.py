"""The snippet store: one patient's record at a time, replaced whole, and gone when it is erased."""

import inspect
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import PatientKey
from wetread.domain.statement import Presence
from wetread.ports.snippet_store import Hit, SnippetCounts, SnippetStore
from wetread.testing.builders import NOON
from wetread.testing.snippet_builders import PATIENT, a_snippet, a_source, stated
from wetread.testing.text_encoder import WordEncoder

OTHER = PatientKey("q" * 24)
WORDS = WordEncoder()
NEARLY = 0.02  # 8 bits a dimension


def ask(store: SnippetStore, text: str, patient: PatientKey = PATIENT, limit: int = 10) -> tuple[Hit, ...]:
    return store.nearest(patient, WORDS.encode([text])[0], encoder=WORDS.version, limit=limit)


def texts(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.snippet.text for hit in hits]


def test_a_snippet_comes_back_with_all_that_is_known_of_it(snippet_store: SnippetStore) -> None:
    labels = (stated(FindingName.EFFUSION), stated(FindingName.PNEUMOTHORAX, Presence.NEGATIVE))
    snippet = a_snippet("Pleural effusion, no pneumothorax – 山田.", *labels)
    snippet_store.put([a_source(snippet, source_id="d7", kind=RecordKind.DOCUMENT_REFERENCE, day=-3)])
    (hit,) = ask(snippet_store, "effusion")
    assert (hit.source_id, hit.kind, hit.day) == ("d7", RecordKind.DOCUMENT_REFERENCE, -3)
    assert hit.snippet == snippet
    assert np.abs(hit.snippet.vector - snippet.vector).max() < NEARLY
    assert hit.snippet.vector.dtype == np.float32


def test_a_snippet_without_a_day_or_a_label_stays_so(snippet_store: SnippetStore) -> None:
    snippet_store.put([a_source(day=None)])
    (hit,) = ask(snippet_store, "heart")
    assert (hit.day, hit.snippet.labels) == (None, ())


def test_the_most_similar_come_first_and_no_more_than_asked(snippet_store: SnippetStore) -> None:
    said = ["heart failure", "heart failure treated", "left knee pain", "heart valve replaced long ago"]
    snippet_store.put([a_source(*map(a_snippet, said))])
    hits = ask(snippet_store, "heart failure", limit=3)
    assert texts(hits) == ["heart failure", "heart failure treated", "heart valve replaced long ago"]
    expected = [float(v @ WORDS.encode(["heart failure"])[0]) for v in WORDS.encode(texts(hits))]
    assert [hit.similarity for hit in hits] == pytest.approx(expected, abs=NEARLY)


def test_many_snippets_are_ranked_as_an_exact_scan_ranks_them(snippet_store: SnippetStore) -> None:
    random = np.random.default_rng(7)
    vectors = random.standard_normal((400, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    snippets = [replace(a_snippet(str(number)), vector=vector) for number, vector in enumerate(vectors)]
    snippet_store.put([a_source(*snippets[start : start + 40], source_id=f"s{start}") for start in range(0, 400, 40)])
    asked = (vectors[5] + vectors[9]) / np.linalg.norm(vectors[5] + vectors[9])
    hits = snippet_store.nearest(PATIENT, asked, encoder=WORDS.version, limit=10)
    exact = np.argsort(-(vectors @ asked))[:10]
    assert [hit.snippet.text for hit in hits[:2]] in (["5", "9"], ["9", "5"])
    assert len({int(hit.snippet.text) for hit in hits} & set(exact.tolist())) >= 9


def test_a_vector_of_zeros_is_like_nothing(snippet_store: SnippetStore) -> None:
    snippet_store.put([a_source(a_snippet("---"), a_snippet("heart"))])
    assert [(hit.snippet.text, round(hit.similarity, 2)) for hit in ask(snippet_store, "heart")] == [
        ("heart", 1.0),
        ("---", 0.0),
    ]
    assert {hit.similarity for hit in ask(snippet_store, "...")} == {0.0}


def test_vectors_of_another_encoder_are_not_compared(snippet_store: SnippetStore) -> None:
    snippet_store.put([a_source(source_id="old", encoder="other/1"), a_source(source_id="new", digest="d2")])
    assert [hit.source_id for hit in ask(snippet_store, "heart")] == ["new"]
    assert dict(snippet_store.digests(PATIENT, encoder=WORDS.version)) == {"new": "d2"}
    assert dict(snippet_store.digests(PATIENT, encoder="other/1")) == {"old": "d1"}


def test_storing_again_changes_nothing(snippet_store: SnippetStore) -> None:
    source = a_source(a_snippet("one"), a_snippet("two"))
    snippet_store.put([source])
    snippet_store.put([source, source])
    snippet_store.put([])
    assert sorted(texts(ask(snippet_store, "one"))) == ["one", "two"]
    assert snippet_store.counts() == SnippetCounts(1, 1, 2, NOON, (WORDS.version,))


def test_a_changed_source_replaces_all_its_snippets(snippet_store: SnippetStore) -> None:
    snippet_store.put([a_source(a_snippet("one"), a_snippet("two"), a_snippet("three"))])
    later = a_source(a_snippet("four"), digest="d2", encoder="words/1", added_at=NOON + timedelta(days=1))
    snippet_store.put([later])
    assert texts(ask(snippet_store, "one")) == ["four"]
    assert snippet_store.counts().oldest == NOON + timedelta(days=1)
    assert dict(snippet_store.digests(PATIENT, encoder=WORDS.version)) == {"c1": "d2"}


def test_a_source_may_have_nothing_to_say(snippet_store: SnippetStore) -> None:
    empty = replace(a_source(), snippets=())
    snippet_store.put([empty])
    assert ask(snippet_store, "heart") == ()
    assert dict(snippet_store.digests(PATIENT, encoder=WORDS.version)) == {"c1": "d1"}


def test_text_that_no_database_likes_is_kept(snippet_store: SnippetStore) -> None:
    text = "'; DROP TABLE snippets; --\n" + "x" * 5000
    snippet_store.put([a_source(a_snippet(text), source_id="a'b\"c%_")])
    assert ask(snippet_store, "drop")[0].snippet.text == text
    assert snippet_store.erase_source("a'b\"c%_") == 1


def test_a_source_is_never_given_to_another_patient(snippet_store: SnippetStore) -> None:
    snippet_store.put([a_source()])
    with pytest.raises(PermanentError) as refusal:
        snippet_store.put([a_source(source_id="c2", patient_key=OTHER), a_source(patient_key=OTHER)])
    assert refusal.value.code == "identity_conflict"
    assert snippet_store.counts().patients == 1
    assert ask(snippet_store, "heart", OTHER) == ()


@pytest.mark.parametrize("guess", [OTHER, "", "%", "*", "p%", "' OR 1=1 --", PATIENT.upper(), PATIENT + " "])
def test_no_patient_is_found_by_another_key(snippet_store: SnippetStore, guess: str) -> None:
    snippet_store.put([a_source()])
    assert ask(snippet_store, "heart", PatientKey(guess)) == ()
    assert dict(snippet_store.digests(PatientKey(guess), encoder=WORDS.version)) == {}
    assert snippet_store.erase_patient(PatientKey(guess)) == 0
    assert len(ask(snippet_store, "heart")) == 1


def test_nothing_that_returns_text_or_vectors_works_without_the_patient(snippet_store: SnippetStore) -> None:
    """Every public door is tried with everything else it could want; only counts, and numbers of what was removed, come back."""
    snippet_store.put([a_source(a_snippet("the secret one")), a_source(source_id="c2", patient_key=OTHER)])
    doors = [name for name, _ in inspect.getmembers(snippet_store, callable) if not name.startswith("_")]
    asking = [name for name in doors if "patient_key" in inspect.signature(getattr(snippet_store, name)).parameters]
    assert set(asking) == {"digests", "nearest", "erase_patient"}
    answers = {
        "counts": snippet_store.counts(),
        "erase_source": snippet_store.erase_source("nothing like it"),
        "purge": snippet_store.purge(datetime(1990, 1, 1, tzinfo=UTC)),
        "put": snippet_store.put([]),
    }
    assert set(doors) - set(asking) - {"close"} == set(answers)
    assert "secret" not in repr(answers)
    assert PATIENT not in repr(answers)


def test_an_erased_patient_is_gone_and_others_are_not(snippet_store: SnippetStore) -> None:
    snippet_store.put([a_source(), a_source(source_id="c2"), a_source(source_id="c3", patient_key=OTHER)])
    assert snippet_store.erase_patient(PATIENT) == 2
    assert snippet_store.erase_patient(PATIENT) == 0
    assert ask(snippet_store, "heart") == ()
    assert len(ask(snippet_store, "heart", OTHER)) == 1


def test_an_erased_source_is_gone_and_others_are_not(snippet_store: SnippetStore) -> None:
    snippet_store.put([a_source(), a_source(source_id="c2")])
    assert (snippet_store.erase_source("c1"), snippet_store.erase_source("c1")) == (1, 0)
    assert [hit.source_id for hit in ask(snippet_store, "heart")] == ["c2"]


def test_what_is_older_than_its_retention_is_purged(snippet_store: SnippetStore) -> None:
    times = {f"c{days}": NOON - timedelta(days=days) for days in (0, 10, 30)}
    snippet_store.put([a_source(source_id=name, added_at=time) for name, time in times.items()])
    assert snippet_store.purge(NOON - timedelta(days=10)) == 1
    assert sorted(hit.source_id for hit in ask(snippet_store, "heart")) == ["c0", "c10"]
    assert snippet_store.counts().oldest == NOON - timedelta(days=10)


def test_an_empty_store_counts_nothing(snippet_store: SnippetStore) -> None:
    assert snippet_store.counts() == SnippetCounts(0, 0, 0, None, ())


def test_many_threads_store_and_ask_at_once(snippet_store: SnippetStore) -> None:
    def work(number: int) -> int:
        patient = PatientKey(f"patient{number % 4}")
        snippet_store.put([a_source(patient_key=patient, source_id=f"c{number}")])
        return len(ask(snippet_store, "heart", patient, limit=100))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(40)))
    assert (snippet_store.counts().sources, snippet_store.counts().patients) == (40, 4)
