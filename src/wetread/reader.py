"""Read one film without a server: the same sandbox, gate, model and composer as the pipeline, joined for the command line and for scripts."""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from wetread.dicom.sandbox import Sandbox
from wetread.domain.analysis import Analysis
from wetread.domain.errors import UnsuitableImage, WetreadError
from wetread.domain.identifiers import instance_key, study_key
from wetread.domain.report import Report, ReportStatus
from wetread.domain.study import InstanceHeader
from wetread.inference.analysis import Film, analyse
from wetread.inference.bundle import BUNDLED, ModelBundle, load_bundle
from wetread.ingest.suitability import SuitabilityPolicy, assess_header, header_flags
from wetread.runtimes.onnx import OnnxPredictor
from wetread.storage.files import sha256_of

if TYPE_CHECKING:
    from wetread.ports.sink import ReportPackage

__all__ = ["FilmReader", "ReadResult"]

_OVERLAY_SIDE_PX = 1024


@dataclass(frozen=True, slots=True)
class ReadResult:
    """One film: its analysis, or None with a stable `code` and a `reason` a person can act on; `error` is what it says them of."""

    path: Path
    header: InstanceHeader | None
    analysis: Analysis | None
    code: str = ""
    reason: str = ""
    error: WetreadError | OSError | None = None


class FilmReader:
    """Reads films with one model. Safe to call from several threads; use as a context manager to end the sandbox's children."""

    def __init__(self, *, bundle: Path | None = None, children: int = 1) -> None:
        self._bundle = load_bundle(bundle or BUNDLED)
        self._predictor = OnnxPredictor(self._bundle.onnx)
        self._sandbox = Sandbox(children=children)
        self._secret = secrets.token_bytes(32)
        self._policy = SuitabilityPolicy()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def bundle(self) -> ModelBundle:
        """The model it reads with."""
        return self._bundle

    def close(self) -> None:
        """Ends the sandbox's children."""
        self._sandbox.close()

    def read(self, path: Path) -> ReadResult:
        """Never raises for a bad film: the result says why it was not read."""
        header: InstanceHeader | None = None
        try:
            header = self._sandbox.inspect(path)
            return ReadResult(path, header, self._analyse(path, header))
        except WetreadError as error:
            return ReadResult(path, header, None, error.code, str(error), error)
        except OSError as error:
            return ReadResult(path, header, None, "unreadable_file", error.strerror or type(error).__name__, error)

    def _analyse(self, path: Path, header: InstanceHeader) -> Analysis:
        suitability = assess_header(header.traits, self._policy)
        if not suitability.readable:
            raise UnsuitableImage(suitability.advice, code=suitability.code)
        key = instance_key(self._secret, header.sop_instance_uid)
        decoded = self._sandbox.decode(path, needed_side_px=self._bundle.input_side_px)
        film = Film(key, decoded, header.traits.patient_orientation)
        analysis = analyse(film, self._bundle, self._predictor, datetime.now(UTC))
        return replace(analysis, quality=(*header_flags(suitability), *analysis.quality))

    def sr(self, result: ReadResult) -> bytes:
        """An unverified DICOM SR of the read."""
        from wetread.dicom.structured_report import encode_sr

        return encode_sr(self._package(result), datetime.now(UTC))

    def fhir(self, result: ReadResult) -> bytes:
        """A FHIR R4 bundle with status `partial`."""
        from wetread.fhir.bundle import encode_bundle

        return encode_bundle(self._package(result), datetime.now(UTC))

    def heatmap_png(self, result: ReadResult) -> bytes:
        """The film with heat and boxes of the called findings; the bare film when none is called."""
        from wetread.dicom.documents import overlay_png

        png = self._sandbox.render_png(result.path, max_side_px=_OVERLAY_SIDE_PX)
        if result.analysis is None or result.header is None:
            return png
        return overlay_png(png, result.analysis, (result.header.traits.rows, result.header.traits.columns))

    def _package(self, result: ReadResult) -> "ReportPackage":
        from wetread.drafting.grammar import GrammarDrafter
        from wetread.ports.drafter import DraftingRequest
        from wetread.ports.sink import ReportPackage
        from wetread.ports.vault import VaultInstance, VaultStudy
        from wetread.signoff.signing import content_of

        if result.header is None or result.analysis is None:
            raise WetreadError(f"{result.path.name} was not read: {result.reason}", code=result.code)
        header, analysis = result.header, result.analysis
        key = study_key(self._secret, header.study_instance_uid)
        filed = VaultInstance(analysis.instance_key, key, sha256_of(result.path), header)
        request = DraftingRequest(
            analysis.findings,
            analysis.quality,
            header.traits.view_position,
            comparison_available=False,
            may_say_normal=False,
        )
        content = content_of(GrammarDrafter().draft(request))
        return ReportPackage(
            study_key=key,
            study=VaultStudy(key, header.study_instance_uid, header.identity, (header.traits.modality,), 1),
            instances=(filed,),
            read_instance=filed,
            report=Report(key, 1, ReportStatus.PARTIAL, content, "wetread", etag=0),
            predecessor=None,
            analysis=analysis,
            decision=None,
            film_path=str(result.path),
            uid_seed=self._secret,
        )
