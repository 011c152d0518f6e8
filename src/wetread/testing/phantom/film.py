"""One film from one spec: draw the body, put the disease in, expose, frame, label."""

import numpy as np
from numpy.typing import NDArray

from wetread.testing.phantom.body import draw_body, draw_breasts
from wetread.testing.phantom.canvas import Canvas, FloatMap, as_map, noise_field
from wetread.testing.phantom.detector import add_noise, develop, draw_exposure, tone
from wetread.testing.phantom.devices import draw_devices
from wetread.testing.phantom.framing import Frame, collimate, draw_frame
from wetread.testing.phantom.habitus import Habitus, draw_habitus, stream
from wetread.testing.phantom.lungs import SIDES, draw_lung
from wetread.testing.phantom.marker import draw_markers
from wetread.testing.phantom.mediastinum import draw_mediastinum
from wetread.testing.phantom.pathology import Air, Mark, apply_pathologies
from wetread.testing.phantom.skeleton import draw_skeleton
from wetread.testing.phantom.spec import GroundTruth, PhantomSpec
from wetread.testing.phantom.vessels import draw_vessels

__all__ = ["frame_of", "render", "to_stored"]

_SOFT_PER_MM = 0.0205
_LUNG_PER_MM = 0.0052


def frame_of(spec: PhantomSpec) -> Frame:
    """Where the film of a spec lies on its patient."""
    return draw_frame(spec, draw_habitus(spec))


def render(spec: PhantomSpec) -> tuple[NDArray[np.uint16], tuple[GroundTruth, ...]]:
    """Stored pixels, uint16 (rows, columns) within `bits_stored`, and where each pathology lies. Deterministic in the spec."""
    canvas = Canvas(pitch_mm=_pitch_mm(spec))
    habitus = draw_habitus(spec)
    ill, intact, marks = _line_integrals(spec, habitus, canvas)
    frame, exposure = draw_frame(spec, habitus), draw_exposure(spec)
    value = frame.resample(develop(ill, intact, exposure, canvas.pitch_mm, canvas.chest), canvas)
    film = tone(add_noise(value, exposure, stream(spec.seed, "detector"), frame.pixel_mm), exposure)
    collimate(film, spec)
    draw_markers(film, spec, stream(spec.seed, "framing"))
    truth = tuple(GroundTruth(mark.finding, mark.laterality, frame.box(mark.points_mm)) for mark in marks)
    return to_stored(film, spec), truth


def _pitch_mm(spec: PhantomSpec) -> float:
    """Simulation grid: fine enough for the film's own pixels, no finer than a large film can pay for."""
    side = max(spec.rows, spec.columns)
    return 0.9 if side <= 520 else 0.45 if side <= 1400 else 0.4


def _line_integrals(spec: PhantomSpec, habitus: Habitus, canvas: Canvas) -> tuple[FloatMap, FloatMap, tuple[Mark, ...]]:
    """Attenuation along the beam with and without disease, and where the disease shows."""
    seed = spec.seed
    between = draw_mediastinum(habitus, canvas, stream(seed, "lungs"))
    right, left = (draw_lung(habitus, canvas, side) for side in SIDES)
    nothing = np.zeros(canvas.shape, np.float32)
    intact = Air((between.displace(right.thickness_mm), between.displace(left.thickness_mm)), nothing, nothing)
    air, marks = apply_pathologies(intact, (right, left), spec.pathologies, habitus, canvas, seed)
    body = draw_body(habitus, canvas, stream(seed, "body")) + draw_breasts(habitus, canvas, stream(seed, "body"))
    fixed = draw_skeleton(habitus, canvas, stream(seed, "skeleton"))
    fixed += draw_devices(habitus, canvas, stream(seed, "devices"))
    mottle = 1 + np.float32(0.13) * noise_field(stream(seed, "lungs"), canvas, 26, octaves=5, persistence=0.8)
    vessels = draw_vessels(habitus, canvas, (right, left), stream(seed, "vessels"))

    def through(held: Air) -> FloatMap:
        """Vessels show only where lung still surrounds them: not in pleural air, fluid or consolidation."""
        lung = held.lung_mm[0] + held.lung_mm[1]
        soft = np.maximum(body - lung - held.free_mm - between.gas_mm, 0)
        lungs = _LUNG_PER_MM * mottle * lung + vessels * np.minimum(lung / 45, 1)
        return as_map(_SOFT_PER_MM * soft + lungs + fixed + held.extra)

    return through(air), through(intact), marks


def to_stored(film: FloatMap, spec: PhantomSpec) -> NDArray[np.uint16]:
    """0 (black) .. 1 (white) to stored values in the spec's bits and polarity."""
    top = 2**spec.bits_stored - 1
    stored = (film * np.float32(top) + np.float32(0.5)).astype(np.uint16)
    return np.asarray(np.uint16(top) - stored if spec.photometric_interpretation == "MONOCHROME1" else stored)
