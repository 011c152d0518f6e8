"""Decides from the header alone whether an image may be read, and which film of a study is (PS3.3 C.7.3.1.1.1 Modality, C.8.7.1.1 View Position, PS3.16 Annex L body parts).

Headers lie, so this is the first gate of two: what is merely unknown here is flagged and decided by the pixel gate in `inference`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.analysis import QualityFlag
from wetread.domain.errors import UnsuitableImage
from wetread.domain.identifiers import InstanceKey
from wetread.domain.study import ImageTraits, Instance, made_by_us

__all__ = [
    "FilmChoice",
    "Suitability",
    "SuitabilityPolicy",
    "UnreadInstance",
    "Verdict",
    "assess_header",
    "choose_film",
    "first_film",
    "header_flags",
    "is_own_result",
    "may_be_chest_film",
    "rejection",
]

_COMPUTED_RADIOGRAPHY = "1.2.840.10008.5.1.4.1.1.1"
_DIGITAL_X_RAY_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
_DIGITAL_X_RAY_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
_RADIOGRAPHS = {
    _COMPUTED_RADIOGRAPHY: "CR",
    _DIGITAL_X_RAY_PRESENTATION: "DX",
    _DIGITAL_X_RAY_PROCESSING: "DX",
}
_LATERAL = frozenset({"LL", "RL", "LAT", "LATERAL", "LLAT", "RLAT", "LATERALE", "SEITLICH"})
_OTHER_VIEWS = frozenset(
    {"LLD", "RLD", "DECUBITUS", "DECUB", "RAO", "LAO", "RPO", "LPO", "RLO", "LLO", "OBLIQUE", "LORDOTIC"}
)


class Verdict(StrEnum):
    READ = "read"
    FLAG = "flag"
    REFUSE = "refuse"
    NOT_AN_IMAGE = "not_an_image"


@dataclass(frozen=True, slots=True)
class Suitability:
    """The verdict on one instance; `code` is stable, `advice` says what a person can do (both free of patient data, empty when simply readable)."""

    verdict: Verdict
    code: str = ""
    advice: str = ""

    @property
    def readable(self) -> bool:
        """True when the model may try (the pixel gate still decides)."""
        return self.verdict in (Verdict.READ, Verdict.FLAG)


@dataclass(frozen=True, slots=True)
class SuitabilityPolicy:
    """What a site lets the model read. `film_modalities` (SC, OT) are read only where `read_secondary_capture` says that they hold films."""

    modalities: frozenset[str] = frozenset({"CR", "DX"})
    film_modalities: frozenset[str] = frozenset({"SC", "OT"})
    read_secondary_capture: bool = False
    chest_words: frozenset[str] = frozenset({"CHEST", "THORAX", "TORAX", "LUNG", "LUNGS", "CXR", "THX"})
    frontal_views: frozenset[str] = frozenset({"PA", "AP"})
    minimum_side_px: int = 128


@dataclass(frozen=True, slots=True)
class UnreadInstance:
    """An instance that is kept and shown but not read, and why."""

    instance: Instance
    suitability: Suitability


@dataclass(frozen=True, slots=True)
class FilmChoice:
    """The film of a study that is read, and everything that is kept unread."""

    film: Instance
    suitability: Suitability
    unread: tuple[UnreadInstance, ...]


def assess_header(traits: ImageTraits, policy: SuitabilityPolicy) -> Suitability:
    """The first rule that refuses wins; a fact that is only missing flags."""
    refusal = _not_an_image(traits) or _wrong_kind(traits, policy) or _wrong_shape(traits, policy)
    return refusal or _anatomy(traits, policy)


def may_be_chest_film(modality: str, sop_class_uid: str, body_part_examined: str, policy: SuitabilityPolicy) -> bool:
    """By what an archive's index says of an instance, before its header is here. What the index does not say leaves nothing out."""
    said, body_part = modality.upper() or _RADIOGRAPHS.get(sop_class_uid, ""), _words(body_part_examined)
    return (not said or said in policy.modalities) and (not body_part or bool(body_part & policy.chest_words))


def is_own_result(traits: ImageTraits) -> bool:
    """What we delivered ourselves, back from an archive. A radiograph is a film whatever it says of its maker."""
    return made_by_us(traits) and traits.sop_class_uid not in _RADIOGRAPHS


def header_flags(suitability: Suitability) -> tuple[QualityFlag, ...]:
    """What the header left open, for the reader of the analysis; empty when it was certain."""
    return (QualityFlag(suitability.code, suitability.advice),) if suitability.verdict is Verdict.FLAG else ()


def choose_film(instances: Sequence[Instance], policy: SuitabilityPolicy) -> FilmChoice:
    """The best frontal film, by header: certain before flagged, PA before AP, for presentation, original, largest; ties by arrival and key.

    Raises UnsuitableImage with the most telling reason when no instance can be read.
    """
    assessed = [(each, assess_header(each.traits, policy)) for each in instances]
    readable = [pair for pair in assessed if pair[1].readable]
    if not readable:
        told = rejection([suitability for _, suitability in assessed])
        raise UnsuitableImage(told.advice, code=told.code)
    film, suitability = min(readable, key=lambda pair: _rank(*pair))
    unread = tuple(
        UnreadInstance(each, _SECOND_FILM if verdict.readable else verdict)
        for each, verdict in assessed
        if each is not film
    )
    return FilmChoice(film, suitability, unread)


def rejection(suitabilities: Sequence[Suitability]) -> Suitability:
    """Why nothing among these can be read: an image's refusal says more than a document's."""
    refusals = [each for each in suitabilities if each.verdict is Verdict.REFUSE]
    return (refusals or list(suitabilities) or [_NOTHING])[0]


_SECOND_FILM = Suitability(
    Verdict.REFUSE, "second_film", "another frontal film of this study was read; look at this one yourself"
)
_NOTHING = Suitability(Verdict.NOT_AN_IMAGE, "no_instances", "the study holds no instance: send it again")


def _not_an_image(traits: ImageTraits) -> Suitability | None:
    if traits.has_pixel_data:
        return None
    if traits.rows or traits.sop_class_uid in _RADIOGRAPHS:
        return _refuse("no_pixel_data", "the image came without its pixels: send it again from the modality or archive")
    return Suitability(
        Verdict.NOT_AN_IMAGE, "not_an_image", "a document or presentation state, not a film: kept, not read"
    )


def _wrong_kind(traits: ImageTraits, policy: SuitabilityPolicy) -> Suitability | None:
    modality = traits.modality.upper() or _RADIOGRAPHS.get(traits.sop_class_uid, "")
    if modality in policy.modalities:
        return None
    if modality in policy.film_modalities:
        if policy.read_secondary_capture:
            return None
        return _refuse(
            "secondary_capture", "a secondary capture: send the original film, or let the site read captured films"
        )
    shown = modality if re.fullmatch(r"[A-Z]{2,4}", modality) else "unknown"
    return _refuse("wrong_modality", f"modality {shown} is not a radiograph that is read here: a person must read it")


def _wrong_shape(traits: ImageTraits, policy: SuitabilityPolicy) -> Suitability | None:
    if traits.number_of_frames > 1:
        return _refuse("multi_frame", "more than one frame: send the single film, not a cine or tomosynthesis series")
    if traits.samples_per_pixel > 1:
        return _refuse("colour", "a colour picture: send the greyscale film from the modality")
    if min(traits.rows, traits.columns) < policy.minimum_side_px:
        return _refuse("too_small", f"smaller than {policy.minimum_side_px} px: send the original, not a thumbnail")
    return None


def _anatomy(traits: ImageTraits, policy: SuitabilityPolicy) -> Suitability:
    body_part, view = _words(traits.body_part_examined), _words(traits.view_position)
    if body_part and not body_part & policy.chest_words:
        return _refuse(
            "wrong_body_part",
            "the header names a body part other than the chest: correct it at the modality if it is wrong",
        )
    if view & _LATERAL or (not view and _lies_sagittal(traits.patient_orientation)):
        return _refuse("lateral_view", "a lateral view: only frontal films are read by the model")
    if view & _OTHER_VIEWS:
        return _refuse(
            "other_view", "an oblique, lordotic or decubitus view: only upright or supine frontal films are read"
        )
    if not body_part and not _words(traits.series_description) & policy.chest_words:
        return Suitability(
            Verdict.FLAG, "body_part_unknown", "the header does not name the body part: the picture itself decides"
        )
    if not view & policy.frontal_views:
        return Suitability(
            Verdict.FLAG, "view_unknown", "the header does not name the view: the picture itself decides"
        )
    return Suitability(Verdict.READ)


def first_film(instances: Sequence[Instance], policy: SuitabilityPolicy) -> InstanceKey:
    """What a report without an AI read refers to: the film the gate would choose, else the first image."""
    film = choose_film(instances, policy).film
    return (film or instances[0]).instance_key


def _lies_sagittal(patient_orientation: tuple[str, ...]) -> bool:
    """PS3.3 C.7.6.1.1.1: rows that run to anterior or posterior are those of a lateral film."""
    return bool(patient_orientation) and patient_orientation[0][:1].upper() in {"A", "P"}


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Z]+", text.upper()))


def _refuse(code: str, advice: str) -> Suitability:
    return Suitability(Verdict.REFUSE, code, advice)


def _rank(instance: Instance, suitability: Suitability) -> tuple[object, ...]:
    traits = instance.traits
    view = _words(traits.view_position)
    return (
        suitability.verdict is not Verdict.READ,
        0 if "PA" in view else 1 if "AP" in view else 2,
        traits.sop_class_uid == _DIGITAL_X_RAY_PROCESSING,
        "DERIVED" in traits.image_type or "SECONDARY" in traits.image_type,
        -traits.rows * traits.columns,
        instance.received_at,
        instance.instance_key,
    )
