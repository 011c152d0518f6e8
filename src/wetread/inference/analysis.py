"""Pixels to findings: normalise, gate, predict, calibrate, localise, and say when the model does not know."""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from wetread.domain.analysis import Analysis, Finding, HeatMaps, QualityFlag, Region
from wetread.domain.errors import PermanentError
from wetread.domain.finding import concept
from wetread.domain.identifiers import InstanceKey
from wetread.inference.bundle import HeadSpec, ModelBundle
from wetread.inference.localise import hot_region, laterality
from wetread.inference.novelty import as_far, conformal_p_value
from wetread.inference.quality import refuse_by_gate, refuse_by_pixels
from wetread.inference.resample import fit_long_side
from wetread.inference.text_in_image import writing_flags
from wetread.ports.decoder import DecodedImage
from wetread.ports.predictor import Prediction, Predictor

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["Film", "FilmReading", "analyse", "read_beside", "read_film"]


@dataclass(frozen=True, slots=True)
class Film:
    """The film to read: its key, its decoded first frame, and which way it hangs (PatientOrientation)."""

    instance_key: InstanceKey
    decoded: DecodedImage
    patient_orientation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilmReading:
    """What one model made of one film: its read, and its features, float32 (features,); None where the network does not give them."""

    analysis: Analysis
    features: "NDArray[float32] | None"


@dataclass(frozen=True, slots=True)
class _Frame:
    rows: int
    columns: int
    extent: Region
    patient_orientation: tuple[str, ...]


def analyse(film: Film, bundle: ModelBundle, predictor: Predictor, now: datetime) -> Analysis:
    """One model's read of one film.

    Raises UnsuitableImage (blank, too_small, inverted, rotated_*, not_frontal_chest) before any finding is reported.
    """
    return read_film(film, bundle, predictor, now).analysis


def read_film(film: Film, bundle: ModelBundle, predictor: Predictor, now: datetime) -> FilmReading:
    """As `analyse`, with the features that films are compared by."""
    reading = _read(film, bundle, predictor, now)
    quality = (*reading.analysis.quality, *writing_flags(film.decoded.stored))
    return replace(reading, analysis=replace(reading.analysis, quality=quality))


def read_beside(film: Film, bundle: ModelBundle, predictor: Predictor, now: datetime) -> Analysis:
    """A further model's read: as `analyse`, without looking again for what the film itself shows (writing)."""
    return _read(film, bundle, predictor, now).analysis


def _read(film: Film, bundle: ModelBundle, predictor: Predictor, now: datetime) -> FilmReading:
    rows, columns = film.decoded.rows, film.decoded.columns
    image, extent = fit_long_side(film.decoded, bundle.input_side_px)
    refuse_by_pixels(image, rows, columns)
    prediction = predictor.predict(image)
    _pass_gate(bundle, prediction)
    frame = _Frame(rows, columns, extent, film.patient_orientation)
    analysis = Analysis(
        instance_key=film.instance_key,
        model=bundle.identity,
        findings=tuple(_finding(head, prediction, frame) for head in bundle.heads),
        quality=_flags(prediction, bundle),
        ood_score=prediction.ood_score,
        ood_threshold=bundle.ood_threshold,
        input_sha256=sha256(image.tobytes()).hexdigest(),
        analysed_at=now,
        heat=_heat(bundle, prediction, extent),
        ood_p_value=_p_value(prediction, bundle),
    )
    return FilmReading(analysis, prediction.features)


def _pass_gate(bundle: ModelBundle, prediction: Prediction) -> None:
    if bundle.gate is None:
        return
    if prediction.gate_logits is None:
        raise PermanentError("bundle.json promises an image gate that the network does not have", code="bad_bundle")
    refuse_by_gate(bundle.gate, prediction.gate_logits)


def _finding(head: HeadSpec, prediction: Prediction, frame: _Frame) -> Finding:
    raw_score = float(prediction.logits[head.output_index])
    probability = head.calibration.apply(raw_score) if head.calibration else None
    unplaced = Finding(head.name, raw_score, probability, head.operating_point, "", None)
    if not unplaced.called or prediction.cam is None:
        return unplaced
    return _placed(unplaced, prediction.cam[head.output_index], frame)


def _placed(finding: Finding, cam: "NDArray[float32]", frame: _Frame) -> Finding:
    side = laterality(cam, frame.patient_orientation) if concept(finding.name).lateralised else ""
    region = hot_region(cam, frame.extent, frame.rows, frame.columns)
    return Finding(finding.name, finding.raw_score, finding.probability, finding.operating_point, side, region)


def _flags(prediction: Prediction, bundle: ModelBundle) -> tuple[QualityFlag, ...]:
    return (*_lacks(bundle), *_distance_flags(prediction, bundle))


def _lacks(bundle: ModelBundle) -> tuple[QualityFlag, ...]:
    """What the model cannot tell, so that silence is not taken for an answer."""
    flags = []
    if bundle.gate is None:
        flags.append(
            QualityFlag("not_gated", "this model does not check that the film is an upright frontal chest: look")
        )
    if any(head.calibration is None for head in bundle.heads):
        message = "this model is not calibrated for some findings: their scores are no probabilities and call nothing"
        flags.append(QualityFlag("not_calibrated", message))
    return tuple(flags)


def _distance_flags(prediction: Prediction, bundle: ModelBundle) -> tuple[QualityFlag, ...]:
    if bundle.ood_threshold is None:
        message = "this model cannot tell a film that is unlike those it was trained on: judge whether it applies"
        return (QualityFlag("no_out_of_distribution_score", message),)
    if prediction.ood_score is None:
        raise PermanentError("bundle.json promises a distance that the network does not have", code="bad_bundle")
    if prediction.ood_score <= bundle.ood_threshold:
        return ()
    message = (
        f"unlike the films the model was trained on (distance {prediction.ood_score:.2f}, "
        f"limit {bundle.ood_threshold:.2f}{_rarity(prediction.ood_score, bundle)}): its numbers may not hold here"
    )
    return (QualityFlag("out_of_distribution", message),)


def _rarity(score: float, bundle: ModelBundle) -> str:
    films = len(bundle.ood_reference)
    return f"; {as_far(score, bundle.ood_reference)} of {films} films of its own kind lie as far" if films else ""


def _p_value(prediction: Prediction, bundle: ModelBundle) -> float | None:
    score, reference = prediction.ood_score, bundle.ood_reference
    return conformal_p_value(score, reference) if score is not None and reference else None


def _heat(bundle: ModelBundle, prediction: Prediction, extent: Region) -> HeatMaps | None:
    import numpy as np

    if prediction.cam is None:
        return None
    maps = np.stack([prediction.cam[head.output_index] for head in bundle.heads])
    return HeatMaps(int(maps.shape[1]), int(maps.shape[2]), maps.astype("<f2").tobytes(), extent)
