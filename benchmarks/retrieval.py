"""What retrieval costs at a million: one patient's snippets out of a million, an erasure there, and an exact scan of a million vectors.

Run: `python benchmarks/retrieval.py patients|scan [--n 1000000] [--folder DIR] [--postgresql URL]`. CPU is this thread's (on PostgreSQL the server's is not counted), one
thread. Wall times depend on who else uses the machine. What retrieval finds is measured by retrieval_quality.py.
"""

# ruff: noqa: E402 - the number of threads is set before numpy is loaded
import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from wetread.context.retrieve import Question, retrieve
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import PatientKey, StudyKey
from wetread.runtimes.hashing_encoder import HashingEncoder
from wetread.storage.cases import SqlCaseStore
from wetread.storage.engine import make_engine, writing
from wetread.storage.migrate import upgrade
from wetread.storage.snippet_schema import cases, snippet_sources, snippets
from wetread.storage.snippets import SqlSnippetStore

DIMENSIONS = 384
NOW = datetime(2026, 11, 29, tzinfo=UTC)
MODEL = "m" * 64
SNIPPETS_OF_A_PATIENT, SNIPPETS_OF_A_SOURCE = 200, 10
_Vectors = NDArray[np.float32]
Row = dict[str, Any]
_T = TypeVar("_T")


def timed(name: str, act: Callable[[int], object], rounds: int) -> None:
    """Print p50 and p95 of the thread's CPU and of the wall; the first round is not counted."""
    act(0)
    spent = []
    for number in range(1, rounds + 1):
        cpu, wall = time.thread_time(), time.perf_counter()
        act(number)
        spent.append(((time.thread_time() - cpu) * 1e3, (time.perf_counter() - wall) * 1e3))
    (cpu50, wall50), (cpu95, wall95) = np.percentile(spent, 50, axis=0), np.percentile(spent, 95, axis=0)
    print(
        f"{name:<58} CPU p50 {cpu50:9.2f} p95 {cpu95:9.2f} ms   wall p50 {wall50:9.2f} p95 {wall95:9.2f} ms   n={rounds}",
        flush=True,
    )


def clustered(random: np.random.Generator, centres: _Vectors, count: int) -> _Vectors:
    """Unit vectors around the centres: hard for approximate search, since nothing else orders them."""
    vectors = centres[random.integers(0, len(centres), count)] + 0.8 * random.standard_normal(
        (count, DIMENSIONS), np.float32
    )
    unit: _Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def rows_of(patient: int, random: np.random.Generator, centres: _Vectors, count: int) -> tuple[list[Row], list[Row]]:
    """Rows of sources and of snippets, as the store writes them: a million through its door would take an hour."""
    vectors = clustered(random, centres, count)
    scales = np.abs(vectors).max(axis=1) / 127
    ints = np.rint(vectors / scales[:, None]).astype(np.int8)
    held, pieces = [], []
    for start in range(0, count, SNIPPETS_OF_A_SOURCE):
        name = f"{patient}-{start}"
        source = {"source_id": name, "patient_key": f"patient{patient}", "kind": "DocumentReference", "digest": name}
        held.append({**source, "day": 700_000 + int(random.integers(0, 3000)), "encoder": "e", "added_at": NOW})
        for at in range(start, min(start + SNIPPETS_OF_A_SOURCE, count)):
            text = f"Note {patient} {at}: " + "stable on treatment, to be seen again. " * 3
            piece = {"source_id": name, "ordinal": at - start, "text": text, "labels": ""}
            pieces.append({**piece, "vector": ints[at], "scale": float(scales[at])})
    return held, pieces


def fill_record(url: str, patients: Iterable[tuple[list[Row], list[Row]]]) -> None:
    engine = make_engine(url)
    for group in batched(patients, 100):
        with writing(engine) as connection:
            connection.execute(snippet_sources.insert(), [row for held, _ in group for row in held])
            connection.execute(snippets.insert(), [row for _, pieces in group for row in pieces])
    engine.dispose()


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    left = iter(items)
    while group := list(islice(left, size)):
        yield group


class Encoder(HashingEncoder):
    """A real encoder's cost, in the space of the vectors made here."""

    version, dimensions = "e", DIMENSIONS

    def encode(self, texts: Sequence[str]) -> _Vectors:
        return HashingEncoder().encode(texts)[:, :DIMENSIONS]


def patients(url: str, n: int) -> None:
    upgrade(url, "snippets")
    store, random = SqlSnippetStore(url), np.random.default_rng(1)
    centres = random.standard_normal((5000, DIMENSIONS), np.float32)
    count = n // SNIPPETS_OF_A_PATIENT
    fill_record(url, (rows_of(patient, random, centres, SNIPPETS_OF_A_PATIENT) for patient in range(count)))
    fill_record(url, [rows_of(count, random, centres, 10_000)])
    print(f"{store.counts().snippets} snippets of {store.counts().patients} patients", flush=True)
    asked, someone = clustered(random, centres, 500), random.integers(0, count, 500)

    def nearest(number: int) -> object:
        return store.nearest(PatientKey(f"patient{someone[number]}"), asked[number], encoder="e", limit=64)

    def whole(number: int) -> object:
        questions = (
            Question("pleural effusion", FindingName.EFFUSION),
            Question("pulmonary edema", FindingName.EDEMA),
            Question("shortness of breath"),
        )
        key = PatientKey(f"patient{someone[number]}")
        return retrieve(questions, key, 703_000, store=store, encoder=Encoder(), suspicion=lambda _: 0.0)

    timed(f"nearest 64 of one patient's {SNIPPETS_OF_A_PATIENT}", nearest, 400)
    timed("retrieve: three questions, encoded, ranked", whole, 100)
    timed(
        "nearest 64 of a patient with 10,000",
        lambda number: store.nearest(PatientKey(f"patient{count}"), asked[number], encoder="e", limit=64),
        20,
    )
    timed("erase one patient, files rewritten", lambda number: store.erase_patient(PatientKey(f"patient{number}")), 1)
    store.close()


def scan(url: str, n: int) -> None:
    upgrade(url, "snippets")
    random = np.random.default_rng(2)
    centres = random.standard_normal((20_000, DIMENSIONS), np.float32)
    matrix = np.empty((n, DIMENSIONS), np.int8)
    for start in range(0, n, 20_000):
        block = clustered(random, centres, min(20_000, n - start))
        matrix[start : start + len(block)] = np.rint(block / (np.abs(block).max(1, keepdims=True) / 127))
    asked = clustered(random, centres, 64)
    resident(matrix, asked)
    fill(url, matrix)
    store = SqlCaseStore(url)
    timed(
        "wetread similar: scan in the database",
        lambda number: store.nearest(StudyKey(f"s{number}"), model_sha256=MODEL, limit=10),
        5,
    )
    store.close()


def fill(url: str, matrix: NDArray[np.int8]) -> None:
    engine = make_engine(url)
    for start in range(0, len(matrix), 20_000):
        rows = [
            {
                "study_key": f"s{start + at}",
                "model_sha256": MODEL,
                "vector": row,
                "scale": 1 / float(np.linalg.norm(row.astype(np.float32))),
                "added_at": NOW,
            }
            for at, row in enumerate(matrix[start : start + 20_000])
        ]
        with writing(engine) as connection:
            connection.execute(cases.insert(), rows)
    engine.dispose()


def resident(matrix: NDArray[np.int8], asked: _Vectors) -> None:
    """What a process that keeps the matrix in memory could do: exact, and sign bits first (Hamming distance), then 8 bits on the best 2,000."""
    scales = 1 / np.linalg.norm(matrix[:1000].astype(np.float32), axis=1).mean()

    def exact(number: int) -> NDArray[np.intp]:
        similarity = np.concatenate(
            [matrix[at : at + 4096].astype(np.float32) @ asked[number] for at in range(0, len(matrix), 4096)]
        )
        best = np.argpartition(-similarity, 10)[:10]
        return best[np.argsort(-similarity[best])]

    words = np.ascontiguousarray(np.packbits(matrix > 0, axis=1).view(np.uint64).T)

    def two_stages(number: int, kept: int = 2000) -> NDArray[np.intp]:
        signs = np.packbits(asked[number][None] > 0, axis=1).view(np.uint64)[0]
        near = hamming(words, signs)
        limit = np.partition(near[::32], max(1, kept * len(near[::32]) // len(near)))[
            kept * len(near[::32]) // len(near)
        ]
        rows = np.flatnonzero(near <= limit)
        similarity = matrix[rows].astype(np.float32) @ asked[number] * scales
        return rows[np.argsort(-similarity)[:10]]

    timed("resident, exact 8 bits (numpy, blocks of 4,096)", exact, 8)
    timed("resident, sign bits then 8 bits on 2,000", two_stages, 50)
    recall = [len(set(exact(number)) & set(two_stages(number))) / 10 for number in range(20)]
    print(
        f"recall@10 of the two stages against exact: {np.mean(recall):.3f} (least {min(recall):.1f}) n=20 queries",
        flush=True,
    )


def hamming(words: NDArray[np.uint64], asked: NDArray[np.uint64], block: int = 65_536) -> NDArray[np.uint16]:
    """How many bits differ, for (word, row) bits: a block stays in the cache while its words are counted."""
    rows = words.shape[1]
    differ = np.zeros(rows, np.uint16)
    mixed, bits = np.empty(block, np.uint64), np.empty(block, np.uint8)
    for start in range(0, rows, block):
        end = min(rows, start + block)
        part, some, few = differ[start:end], mixed[: end - start], bits[: end - start]
        for word, sign in zip(words, asked, strict=True):
            np.bitwise_xor(word[start:end], sign, out=some)
            np.bitwise_count(some, out=few)
            np.add(part, few, out=part)
    return differ


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("patients", "scan"))
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the SQLite file is made (default: a temporary folder)")
    parser.add_argument("--postgresql", help="url of an empty database with pgvector, instead of SQLite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        url = given.postgresql or f"sqlite:///{folder}/snippets.db"
        {"patients": patients, "scan": scan}[given.what](url, given.n)


if __name__ == "__main__":
    main()
