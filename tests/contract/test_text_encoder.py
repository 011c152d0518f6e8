"""Text encoders: unit vectors in which near means alike, the same for the same text whatever came before."""

import numpy as np
import pytest

from wetread.domain.errors import PermanentError
from wetread.ports.text_encoder import TextEncoder
from wetread.runtimes import minilm_encoder
from wetread.runtimes.hashing_encoder import HashingEncoder
from wetread.runtimes.minilm_encoder import MiniLmEncoder
from wetread.testing.text_encoder import WordEncoder

TEXTS = [
    "Small left pleural effusion.",
    "The cardiac silhouette is enlarged. " * 8,
    "BNP 1200 ng/L",
    "Kein Hinweis auf Pneumothorax.",
    "心不全",
    "nul\0, a lone surrogate \ud800 and an emoji 🫁",
]


@pytest.fixture(scope="module")
def minilm() -> MiniLmEncoder:
    return MiniLmEncoder()


@pytest.fixture(params=["words", "hashing", "minilm"])
def encoder(request: pytest.FixtureRequest) -> TextEncoder:
    made = {"words": WordEncoder, "hashing": HashingEncoder}
    return made[request.param]() if request.param in made else request.getfixturevalue("minilm")


def test_vectors_have_the_stated_dimensions_and_length_one(encoder: TextEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), encoder.dimensions), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_nothing_to_encode_is_no_vector(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimensions)


@pytest.mark.parametrize("blank", ["", " \n\t", "\u200b"])
def test_a_text_without_a_word_is_like_nothing(encoder: TextEncoder, blank: str) -> None:
    assert not encoder.encode([blank, TEXTS[0]])[0].any()


def test_a_vector_does_not_depend_on_its_company(encoder: TextEncoder) -> None:
    together = encoder.encode(TEXTS * 3)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert together == pytest.approx(np.tile(alone, (3, 1)), abs=1e-5)


def test_alike_texts_are_nearer_than_others(encoder: TextEncoder) -> None:
    asked, same, other = encoder.encode(
        ["pleural effusion", "There is a small effusion in the left pleural space.", "Fracture of the right clavicle."]
    )
    assert asked @ same > asked @ other + 0.1


def test_a_text_of_any_length_is_encoded(encoder: TextEncoder) -> None:
    assert np.linalg.norm(encoder.encode(["effusion " * 20_000])[0]) == pytest.approx(1.0, abs=1e-5)


def test_each_space_has_its_own_name() -> None:
    assert len({each.version for each in (WordEncoder, HashingEncoder, MiniLmEncoder)}) == 3


def test_a_model_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm_encoder, "find_spec", lambda _: None)
    with pytest.raises(PermanentError, match=r"wetread\[retrieval\]") as refusal:
        MiniLmEncoder()
    assert refusal.value.code == "no_text_encoder"


def test_a_model_that_was_not_measured_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm_encoder, "_MODEL", (*minilm_encoder._MODEL[:2], "0" * 64))
    with pytest.raises(PermanentError, match="measured") as refusal:
        MiniLmEncoder()
    assert refusal.value.code == "bad_text_encoder"
