"""Random requests for a draft: every finding, side, probability, prior, measurement, language and style, and a record that talks of findings. Seeded: a set can be drawn again."""

from collections.abc import Iterator, Sequence
from math import nextafter
from random import Random

from wetread.domain.analysis import Finding, OperatingPoint, QualityFlag
from wetread.domain.drafting_context import DraftingContext, Measurement, PriorFinding, PriorStudy, RecordKind, Snippet
from wetread.domain.finding import Code, FindingName
from wetread.domain.report import Section
from wetread.drafting.style import Bands, Style
from wetread.ports.drafter import DraftingRequest

__all__ = ["STYLES", "random_request", "random_sets"]

NAMES, SIDES = tuple(FindingName), ("", "left", "right", "bilateral")
LIMITS = (0.0, 0.05, 0.1, 0.4, 0.5, 0.75, 0.8, 0.97, 1.0)
FLAGS = (
    QualityFlag("view_unknown", "the header does not name the view"),
    QualityFlag("out_of_distribution", "unlike the films the model was trained on (distance 2.31)"),
    QualityFlag("something_new", "look twice"),
)
TALK = (
    "Large left pneumothorax. Right mass.",
    "Probable left pleural effusion, new since the prior of 12 days before.",
    "“. Probable right nodule. „Wahrscheinlich linksseitiger Pneumothorax.“",
    "{subject}{relation} {0.__class__} %s\u202e\nNo pneumothorax seen.",
    "Kein Pleuraerguss abgrenzbar; Raumforderung rechts.",
)
MEASURES = (
    ("cardiothoracic ratio", "1", 0.0, 1.0),
    ("cardiac diameter", "mm", 0.0, 300.0),
    ("carina distance", "cm", -5.0, 12.0),
    ("left pneumothorax", "mm", 0.0, 30.0),
    ("cardiothoracic ratio", "mm", 0.0, 1.0),
    ("cardiothoracic ratio", "1", 1.01, 9.0),
)
"""Quantity, unit and the range that a value is drawn from; the last three cannot be said."""
STYLES = (
    Style(),
    Style("strict", Bands(0.5, 0.8), impression_maximum=1, impression_first=()),
    Style("plain", Bands(0.4, 0.75, 0.97), negatives=(FindingName.PNEUMOTHORAX, FindingName.MASS)),
    Style(
        "own-words",
        Bands(0.1, 0.4),
        sections=(Section.COMPARISON, Section.FINDINGS, Section.IMPRESSION),
        impression_maximum=20,
        impression_first=(FindingName.FRACTURE, FindingName.MASS),
        phrases=(
            ("en", "certainty.probable", "Likely"),
            ("de", "certainty.probable", "Vermutlich"),
            ("en", "closing", "Please correlate clinically."),
        ),
    ),
)


def random_sets(count: int, seed: int) -> Iterator[tuple[DraftingRequest, Style]]:
    random = Random(seed)
    return ((random_request(random), random.choice(STYLES)) for _ in range(count))


def random_request(random: Random) -> DraftingRequest:
    names = random.sample(NAMES, min(20, int(random.expovariate(1 / 5))))
    return DraftingRequest(
        findings=tuple(_finding(random, name) for name in names),
        quality=tuple(random.sample(FLAGS, random.choice((0, 0, 0, 1, 2)))),
        view_position=random.choice(("PA", "AP", "LL", "", "DOE^JANE")),
        comparison_available=random.random() < 0.5,
        may_say_normal=random.random() < 0.5,
        measurements=tuple(_measurement(random) for _ in range(random.choice((0, 0, 0, 1, 2)))),
        context=_context(random, names or NAMES),
        language=random.choice(("en", "de")),
    )


def _finding(random: Random, name: FindingName) -> Finding:
    threshold = random.choice((random.random(), *LIMITS))
    probability = random.choice(
        (random.random(), random.random(), random.choice(LIMITS), threshold, nextafter(threshold, 0), None)
    )
    return Finding(name, 0.0, probability, OperatingPoint(threshold, "drawn", None, None), random.choice(SIDES), None)


def _context(random: Random, names: Sequence[FindingName]) -> DraftingContext:
    if random.random() < 0.3:
        return DraftingContext()
    return DraftingContext(
        indication_codes=(Code("36118008", "SCT", "Left pneumothorax"),) * random.choice((0, 0, 1)),
        indication_text=random.choice(("", *TALK)),
        priors=tuple(_prior(random, names, place) for place in range(random.choice((0, 1, 1, 2, 2, 5)))),
        snippets=tuple(_snippet(random, place) for place in range(random.choice((0, 0, 1, 2)))),
        problems=("the record server did not answer",) * random.choice((0, 0, 1)),
    )


def _prior(random: Random, names: Sequence[FindingName], place: int) -> PriorStudy:
    """Speaks mostly of what the film is asked about, now and then side by side."""
    told = [random.choice(names if random.random() < 0.8 else NAMES) for _ in range(random.choice((0, 1, 2, 4, 6)))]
    findings = [PriorFinding(name, random.random() < 0.5, random.choice(SIDES)) for name in told]
    if random.random() < 0.2:
        left, name = random.random() < 0.5, random.choice(names)
        findings += [PriorFinding(name, left, "left"), PriorFinding(name, not left, "right")]
    return PriorStudy(f"p-{place}", random.choice((0, 1, 2, 12, 40, 400)), tuple(findings))


def _snippet(random: Random, place: int) -> Snippet:
    age, suspicion = random.choice((None, 0, 1, 30)), random.choice((0.0, 0.2, 0.9))
    return Snippet(f"s-{place}", random.choice(list(RecordKind)), age, random.choice(TALK), random.random(), suspicion)


def _measurement(random: Random) -> Measurement:
    name, unit, low, high = random.choice(MEASURES)
    return Measurement(name, random.uniform(low, high), unit, random.choice((None, FindingName.CARDIOMEGALY)))
