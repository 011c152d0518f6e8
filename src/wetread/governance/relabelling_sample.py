"""Which signed studies are looked at again: some of every kind of disagreement, and a random share of all, so that every study has a known chance above 0.

Within a site, a bucket of a finding gives a simple random sample of fixed size, and so does the whole site (the random stratum); the draws are independent. A study's chance is then
1 - product over its draws of (1 - drawn / population), and Horvitz & Thompson's weights (1952) are exact. Chance comes from sha256 of seed, draw and study key: the same seed and
studies give the same sample on any machine, in whatever order the rows come.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import Bucket, Call, Stratum

__all__ = ["Design", "SampledStudy", "SignedStudy", "bucket_of", "design_lines", "design_sha256", "draw"]


@dataclass(frozen=True, slots=True)
class SignedStudy:
    """A signed study with what was said of the findings it was asked for. `patient` is an opaque key."""

    study_key: StudyKey
    patient: str
    site: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class SampledStudy:
    """A study of the population with its chance, and whether it was drawn."""

    study: SignedStudy
    probability: float
    drawn: bool


@dataclass(frozen=True, slots=True)
class Design:
    """The whole population in order of study keys, and the strata it was drawn from."""

    studies: tuple[SampledStudy, ...]
    strata: tuple[Stratum, ...]

    @property
    def sample(self) -> tuple[SampledStudy, ...]:
        return tuple(each for each in self.studies if each.drawn)


def bucket_of(probability: float, threshold: float, label: str, label_source: str) -> Bucket:
    """A finding that the report does not mention is taken for absent here: it decides only how often such studies are looked at, never what is true of them.

    Raises ValueError for a label that is none.
    """
    if label_source == "conflict":
        return Bucket.CONFLICT
    if label == "uncertain":
        return Bucket.UNCERTAIN
    if label not in ("positive", "negative", "not_mentioned"):
        raise ValueError(f"no label of a signed report: {label!r}")
    if probability >= threshold:
        return Bucket.BOTH_POSITIVE if label == "positive" else Bucket.AI_ONLY
    return Bucket.REPORT_ONLY if label == "positive" else Bucket.BOTH_NEGATIVE


def draw(
    studies: Iterable[SignedStudy], findings: Sequence[str], *, seed: int, per_bucket: int, at_random: int
) -> Design:
    """Draw `per_bucket` studies from each bucket of each finding and `at_random` from all, per site; a stratum that holds fewer gives all it has.

    Raises PermanentError: 'no_random_stratum' (without one, some study would have no chance), 'too_few_cases' (nothing to draw from), 'duplicate_studies'.
    """
    if at_random < 1 or per_bucket < 0:
        raise PermanentError(
            "draw at least one study at random: a study without a chance can never be weighed", code="no_random_stratum"
        )
    population = sorted(studies, key=lambda each: each.study_key)
    if not population:
        raise PermanentError("no signed study with these findings: nothing to draw from", code="too_few_cases")
    if len({each.study_key for each in population}) != len(population):
        raise PermanentError("a study stands there more than once", code="duplicate_studies")
    strata: list[Stratum] = []
    missed: dict[StudyKey, float] = dict.fromkeys((each.study_key for each in population), 1.0)
    drawn: set[StudyKey] = set()
    for (site, finding, bucket), members in sorted(_strata(population, findings).items()):
        wanted = min(len(members), per_bucket if finding else at_random)
        order = sorted(members, key=lambda key: _chance(seed, f"{site}\0{finding}\0{bucket}", key))
        drawn.update(order[:wanted])
        for key in members:
            missed[key] *= 1 - wanted / len(members)
        strata.append(Stratum(site, finding, bucket, len(members), wanted))
    return Design(
        tuple(SampledStudy(each, 1 - missed[each.study_key], each.study_key in drawn) for each in population),
        tuple(strata),
    )


def design_lines(design: Design) -> tuple[str, ...]:
    """CSV of every study's chance, header first: what is written down, hashed, and kept beside the sample."""
    return (
        "study,site,probability,drawn",
        *(
            f"{each.study.study_key},{json.dumps(each.study.site)},{each.probability!r},{int(each.drawn)}"
            for each in design.studies
        ),
    )


def design_sha256(design: Design) -> str:
    """sha256, hex, of `design_lines` joined and ended by line feeds."""
    return sha256(("\n".join(design_lines(design)) + "\n").encode()).hexdigest()


def _strata(
    population: Iterable[SignedStudy], findings: Sequence[str]
) -> Mapping[tuple[str, str, str], list[StudyKey]]:
    found: dict[tuple[str, str, str], list[StudyKey]] = defaultdict(list)
    for study in population:
        found[study.site, "", "random"].append(study.study_key)
        for call in study.calls:
            if call.finding in findings:
                found[study.site, call.finding, call.bucket.value].append(study.study_key)
    return found


def _chance(seed: int, stratum: str, key: StudyKey) -> bytes:
    return sha256(f"{seed}\0{stratum}\0{key}".encode()).digest()
