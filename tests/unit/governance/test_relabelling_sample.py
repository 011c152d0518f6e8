"""The sample's chances are what is written down: by simulation over seeds, for every study."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import Bucket, Call
from wetread.governance.relabelling_sample import SignedStudy, bucket_of, design_lines, design_sha256, draw

FINDINGS = ("effusion", "mass")


def a_call(finding: str, bucket: Bucket) -> Call:
    called = bucket in (Bucket.AI_ONLY, Bucket.BOTH_POSITIVE)
    return Call(finding, 0.8 if called else 0.1, 0.5, "negative", "text", "net 1.0", bucket)


def population(count: int = 60) -> list[SignedStudy]:
    buckets = [Bucket.BOTH_NEGATIVE] * 8 + [Bucket.AI_ONLY, Bucket.REPORT_ONLY]
    return [
        SignedStudy(
            StudyKey(f"{n:024d}"),
            f"p{n // 2}",
            "north" if n % 3 else "south",
            (a_call("effusion", buckets[n % 10]), a_call("mass", buckets[(n // 7) % 10])),
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("probability", "label", "source", "expected"),
    [
        (0.5, "negative", "text", Bucket.AI_ONLY),
        (0.9, "not_mentioned", "none", Bucket.AI_ONLY),
        (0.49, "positive", "structured", Bucket.REPORT_ONLY),
        (0.5, "positive", "text", Bucket.BOTH_POSITIVE),
        (0.1, "not_mentioned", "none", Bucket.BOTH_NEGATIVE),
        (0.9, "uncertain", "conflict", Bucket.CONFLICT),
        (0.1, "uncertain", "text", Bucket.UNCERTAIN),
    ],
)
def test_buckets(probability: float, label: str, source: str, expected: Bucket) -> None:
    assert bucket_of(probability, 0.5, label, source) is expected


def test_a_label_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="label"):
        bucket_of(0.5, 0.5, "", "none")


def test_over_many_seeds_each_study_is_drawn_as_often_as_its_chance_says() -> None:
    seeds, studies = 700, population()
    drawn: Counter[str] = Counter()
    for seed in range(seeds):
        design = draw(studies, FINDINGS, seed=seed, per_bucket=2, at_random=5)
        drawn.update(each.study.study_key for each in design.sample)
    stated = {each.study.study_key: each.probability for each in design.studies}
    assert set(stated) == {each.study_key for each in studies}
    z = [
        (drawn[key] / seeds - chance) / max(np.sqrt(chance * (1 - chance) / seeds), 1e-9)
        for key, chance in stated.items()
        if chance < 1
    ]
    assert len(z) > 40
    assert float(np.abs(z).max()) < 4.0
    assert float(np.mean(np.square(z))) == pytest.approx(1.0, abs=0.5)
    assert all(drawn[key] == seeds for key, chance in stated.items() if chance == 1)


def test_no_study_is_without_a_chance_and_a_small_bucket_is_taken_whole() -> None:
    design = draw(population(), FINDINGS, seed=3, per_bucket=2, at_random=1)
    assert min(each.probability for each in design.studies) > 0
    alone = draw(population(3), FINDINGS, seed=3, per_bucket=50, at_random=50)
    assert [each.probability for each in alone.studies] == [1.0, 1.0, 1.0]


def test_the_seed_draws_the_same_whatever_the_order_and_another_seed_another() -> None:
    studies = population()
    first, again = (
        draw(each, FINDINGS, seed=11, per_bucket=2, at_random=5) for each in (studies, list(reversed(studies)))
    )
    assert first == again
    assert design_sha256(first) == design_sha256(again)
    other = draw(studies, FINDINGS, seed=12, per_bucket=2, at_random=5)
    assert {e.study.study_key for e in other.sample} != {e.study.study_key for e in first.sample}


def test_every_site_gives_its_random_share_and_the_strata_add_up() -> None:
    design = draw(population(), FINDINGS, seed=1, per_bucket=0, at_random=4)
    random = [each for each in design.strata if each.finding == ""]
    assert [(each.site, each.drawn) for each in random] == [("north", 4), ("south", 4)]
    assert sum(each.population for each in random) == 60
    for finding in FINDINGS:
        assert sum(each.population for each in design.strata if each.finding == finding) == 60
    assert len(design.sample) == 8


def test_the_design_is_written_down_for_every_study() -> None:
    design = draw(population(), FINDINGS, seed=1, per_bucket=1, at_random=1)
    head, *lines = design_lines(design)
    assert head == "study,site,probability,drawn"
    assert len(lines) == 60
    assert sum(line.endswith(",1") for line in lines) == len(design.sample)
    changed = replace(design, studies=(replace(design.studies[0], probability=0.5), *design.studies[1:]))
    assert design_sha256(changed) != design_sha256(design)


@pytest.mark.parametrize(
    ("studies", "at_random", "code"),
    [
        (population(), 0, "no_random_stratum"),
        ([], 5, "too_few_cases"),
        (population(3) * 2, 5, "duplicate_studies"),
    ],
)
def test_what_cannot_be_drawn_is_refused(studies: list[SignedStudy], at_random: int, code: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        draw(studies, FINDINGS, seed=1, per_bucket=2, at_random=at_random)
    assert refusal.value.code == code
