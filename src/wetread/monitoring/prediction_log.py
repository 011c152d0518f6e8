"""What the model said of a study beside what was signed of it: the rows that measure it. No identity: study keys, groups, a day.

Truth comes from the signed version alone: a structured finding as the reader left it, else what the signed text says. Its readers saw the AI's findings, so agreement is partly made by
them; a number from here is agreement with signed reports, not accuracy against an independent truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wetread.domain.analysis import Analysis
from wetread.domain.errors import StudyNotFound
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import ReadingMode, ReadingRecord
from wetread.domain.report import REPORTED, Draft, Report, Section
from wetread.domain.sentence_act import SentenceFate, fates_by_text, sentence_id
from wetread.domain.statement import Presence
from wetread.domain.study import ImageTraits, Study
from wetread.ports.vault import Vault

__all__ = [
    "COLUMNS",
    "CONFLICT",
    "PredictionRow",
    "label_of",
    "newest_final",
    "opaque_patient",
    "prediction_rows",
    "signed_text",
]

COLUMNS = (
    "study", "patient", "finding", "probability", "label", "label_source", "threshold", "model", "site", "manufacturer",
    "scanner", "view", "sex", "age", "date", "turnaround_min", "raw_score", "input_sha256", "truth_probability", "edited",
    "model_sha256", "reading_mode", "own_label", "sentence", "miss_budget",
    "false_positive_budget",
)  # fmt: skip
_WORST = (SentenceFate.ACCEPTED, SentenceFate.KEPT, SentenceFate.EDITED, SentenceFate.DELETED)
CONFLICT = "conflict"
"""Label source where the structured finding and the signed text say opposite things: such a label is uncertain, and somebody should look."""


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One finding of one signed study. `label` is positive, negative, uncertain or not_mentioned; `label_source` is structured, text, conflict or none.

    `truth_probability` is the chance with which the truth of this study was to be ascertained by that source: 1 for signed reports, since every study is signed; the sampling rate of its
    stratum where studies are drawn for adjudication. `edited`: the signed words differ from the draft's; None where there was no draft.

    `reading_mode` is how the signer read the study (`domain.reading.ReadingMode`), "" where that was not kept. `own_label` is what they said of the finding before they saw the AI's words
    (positive, negative or uncertain), "" where they said nothing of it or were not blind: the one label here that the AI had no part in.

    `miss_budget` and `false_positive_budget` are the rates of error, per positive and per negative, that the model's stated operating point allows (`domain.analysis.OperatingPoint`).

    `sentence`: what became of the draft's sentence about the finding (`domain.sentence_act`), the worst of several; "" where it had none, or the signer read without AI.
    """

    study: str
    patient: str
    finding: str
    probability: float
    label: str
    label_source: str
    threshold: float
    model: str
    site: str
    manufacturer: str
    scanner: str
    view: str
    sex: str
    age: int | None
    date: str
    turnaround_min: float
    raw_score: float = 0.0
    input_sha256: str = ""
    truth_probability: float = 1.0
    edited: bool | None = None
    model_sha256: str = ""
    reading_mode: str = ""
    own_label: str = ""
    sentence: str = ""
    miss_budget: float = 0.1
    false_positive_budget: float = 0.05


def newest_final(reports: Sequence[Report]) -> Report | None:
    """The signed version that counts, of versions oldest first; None where nobody signed."""
    final = [each for each in reports if each.signature is not None and each.status in REPORTED]
    return final[-1] if final else None


def opaque_patient(vault: Vault, key: StudyKey) -> str:
    """The first of the patient's study keys: the same for all of them, and nobody's identity. A study the vault has lost is a patient of its own."""
    try:
        return min([key, *vault.unnamed.priors(key)])
    except StudyNotFound:
        return key


def signed_text(report: Report) -> str:
    """Findings, impression and addenda under their headings: where a report states what is seen (an indication only asks)."""
    texts = dict(report.content.sections)
    stated = [each for each in (Section.FINDINGS, Section.IMPRESSION) if texts.get(each)]
    said = [f"{each.value.upper()}:\n{texts[each]}" for each in stated]
    return "\n\n".join((*said, *(f"ADDENDUM:\n{each.text}" for each in report.addenda)))


def prediction_rows(
    study: Study,
    patient: str,
    traits: ImageTraits | None,
    analysis: Analysis,
    report: Report,
    from_text: Mapping[FindingName, Presence],
    *,
    edited: bool | None = None,
    reading: ReadingRecord | None = None,
    draft: Draft | None = None,
) -> tuple[PredictionRow, ...]:
    """Rows of the findings that have a calibrated probability. `patient` is an opaque key; `traits` are the film's that was read; `from_text` are the labels of `signed_text`; `reading` is the signer's, `draft` what they had before them.

    Raises ValueError for a report that nobody signed.
    """
    if report.signature is None:
        raise ValueError("an unsigned report is no truth")
    structured = {each.name: each.present for each in report.content.findings}
    own = _own_labels(reading)
    unseen = reading is not None and reading.mode is ReadingMode.AI_OFF
    sentences = _sentences(draft, report) if draft and not unseen else {}
    minutes = (report.signature.signed_at - study.received_at).total_seconds() / 60
    rows = []
    for finding in analysis.findings:
        if finding.probability is None:
            continue
        label, source = label_of(structured.get(finding.name), from_text.get(finding.name))
        rows.append(
            PredictionRow(
                study=study.study_key,
                patient=patient,
                finding=finding.name.value,
                probability=finding.probability,
                label=label,
                label_source=source,
                threshold=finding.operating_point.threshold,
                model=f"{analysis.model.name} {analysis.model.version}",
                site=study.traits.site,
                manufacturer=traits.manufacturer if traits else "",
                scanner=traits.manufacturer_model_name if traits else "",
                view=traits.view_position if traits else "",
                sex=study.traits.patient_sex.value,
                age=study.traits.patient_age_years,
                date=f"{study.received_at:%Y-%m-%d}",
                turnaround_min=round(minutes, 1),
                raw_score=finding.raw_score,
                input_sha256=analysis.input_sha256,
                edited=edited,
                model_sha256=analysis.model.sha256,
                reading_mode=reading.mode.value if reading else "",
                own_label=own.get(finding.name, ""),
                sentence=sentences.get(finding.name, ""),
                miss_budget=finding.operating_point.miss_budget,
                false_positive_budget=finding.operating_point.false_positive_budget,
            )
        )
    return tuple(rows)


def _own_labels(reading: ReadingRecord | None) -> dict[FindingName, str]:
    own = reading.own if reading else None
    return {each.name: each.presence.value for each in own.findings} if own and own.blind else {}


def _sentences(draft: Draft, report: Report) -> dict[FindingName, str]:
    """What became of what the draft said of each finding, the worst of its sentences: deleted, edited, kept, or accepted where all were."""
    drafted = [(each.section.value, each.text) for each in draft.sentences]
    fates = fates_by_text(drafted, {section.value: text for section, text in report.content.sections})
    fates |= {each.sentence_id: each.fate for each in report.judged if each.fate is SentenceFate.ACCEPTED}
    found: dict[FindingName, SentenceFate] = {}
    for each in draft.sentences:
        fate = fates[sentence_id(each.section.value, each.text)]
        for name in {item.finding for item in each.evidence if item.finding is not None}:
            found[name] = max(found.get(name, fate), fate, key=_WORST.index)
    return {name: fate.value for name, fate in found.items()}


def label_of(structured: bool | None, said: Presence | None) -> tuple[str, str]:
    """(label, source). A structured finding that the text denies, or one marked absent that the text states, is nobody's truth."""
    if structured is not None:
        opposite = Presence.NEGATIVE if structured else Presence.POSITIVE
        if said is opposite:
            return "uncertain", CONFLICT
        return ("positive" if structured else "negative"), "structured"
    if said is not None:
        return said.value, "text"
    return "not_mentioned", "none"
