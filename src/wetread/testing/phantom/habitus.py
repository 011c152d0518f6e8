"""One body's measures in millimetres, drawn from sex, age, BMI and view: what every other part is hung on.

Proportions are those of a well-inspired adult erect PA film (thoracic width ~290 mm, cardiothoracic ratio ~0.45, right dome at the tenth posterior
rib); an AP bedside film is lordotic, less inspired, magnifies the heart and brings the scapulae over the lungs.
"""

from dataclasses import dataclass

import numpy as np

from wetread.domain.finding import FindingName
from wetread.testing.phantom.spec import PhantomSpec

__all__ = ["Habitus", "draw_habitus", "stream"]

_STREAMS = ("habitus", "body", "skeleton", "lungs", "vessels", "pathology", "detector", "framing", "devices")


def stream(seed: int, part: str) -> np.random.Generator:
    """An independent generator per part, so that adding a pathology leaves anatomy and noise as they were."""
    return np.random.default_rng([seed, _STREAMS.index(part)])


@dataclass(frozen=True, slots=True)
class Habitus:
    """Measures of one patient in one view. Lengths in mm; rows count from the lung apices downwards."""

    female: bool
    ap: bool
    age_years: int
    bmi: float
    lung_height_mm: float
    cage_half_width_mm: float
    cage_half_depth_mm: float
    wall_mm: float
    body_half_depth_mm: float
    heart_scale: float
    rotation_rad: float
    right_dome: float
    left_dome: float
    knob_radius_mm: float
    bone_density: float
    lordosis: float
    shoulder_lift_mm: float

    def down(self, fraction: float) -> float:
        """Row in mm at a fraction of the lung height."""
        return fraction * self.lung_height_mm

    def out(self, fraction: float) -> float:
        """Distance from the midline in mm at a fraction of the cage half width."""
        return fraction * self.cage_half_width_mm

    def turned(self, depth_mm: float) -> float:
        """Shift to the image right in mm of something `depth_mm` anterior of the turning axis."""
        return float(depth_mm * np.sin(self.rotation_rad))


def draw_habitus(spec: PhantomSpec) -> Habitus:
    """Draws the body of a spec; deterministic in its seed."""
    rng = stream(spec.seed, "habitus")
    a, b, c, d, e, f, g, h, i = rng.standard_normal(9)
    patient, ap = spec.patient, spec.view_position == "AP"
    female = patient.sex == "F"
    fat = float(np.clip((patient.bmi - 18) / 22, 0, 1.2))
    inspiration = float(np.clip((0.86 if ap else 1.0) + 0.05 * a - 0.06 * fat, 0.72, 1.1))
    width = (0.93 if female else 1.0) * (1 + 0.035 * b)
    old = float(np.clip((patient.age_years - 40) / 50, 0, 1))
    large = max((p.severity for p in spec.pathologies if p.finding is FindingName.CARDIOMEGALY), default=None)
    heart = min(1.0 + 0.04 * c + (0.08 if ap else 0.0), 1.12)
    if large is not None:
        heart = max(heart, 1.26 + 0.28 * large + 0.02 * abs(c))
    return Habitus(
        female=female,
        ap=ap,
        age_years=patient.age_years,
        bmi=patient.bmi,
        lung_height_mm=(236.0 if female else 252.0) * inspiration,
        cage_half_width_mm=145.0 * width,
        cage_half_depth_mm=76.0 * width * (1 + 0.12 * old),
        wall_mm=12.0 + 26.0 * fat,
        body_half_depth_mm=96.0 * width + 34.0 * fat,
        heart_scale=heart,
        rotation_rad=float(np.clip((0.06 if ap else 0.03) * d, -0.1, 0.1)),
        right_dome=0.845 + 0.012 * e,
        left_dome=0.895 + 0.012 * f,
        knob_radius_mm=15.0 + 6.0 * old + 1.0 * g,
        bone_density=1.05 - 0.25 * old,
        lordosis=float(np.clip((0.07 if ap else 0.0) + 0.012 * h, -0.02, 0.11)),
        shoulder_lift_mm=float(np.clip(16 + 8 * i, 0, 34)),
    )
