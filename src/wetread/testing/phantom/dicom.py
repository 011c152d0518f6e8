"""A film as a complete DX or CR instance "for presentation" (PS3.3 A.26, A.2), labelled synthetic wherever a header can say so."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, uid
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence

from wetread.testing.phantom.encoding import TRANSFER_SYNTAXES, encode_pixels
from wetread.testing.phantom.film import frame_of, render
from wetread.testing.phantom.framing import pixel_spacing_mm
from wetread.testing.phantom.spec import SYNTHETIC, GroundTruth, PhantomSpec

__all__ = ["PhantomUids", "code_item", "encode_dicom", "to_dataset", "uids_from_seed", "write_dicom"]

_IMPLEMENTATION = "2.25.248110385146853427108562914870236149127"
_SOP_CLASS = {
    "DX": uid.DigitalXRayImageStorageForPresentation,
    "CR": uid.ComputedRadiographyImageStorage,
}


@dataclass(frozen=True, slots=True)
class PhantomUids:
    """The three UIDs of an instance, passed in so that nothing here invents identity."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str


def uids_from_seed(seed: int) -> PhantomUids:
    """UUID-derived UIDs (PS3.5 B.2) fixed by a seed."""
    rng = np.random.default_rng([seed, 2025])
    study, series, sop = (int.from_bytes(rng.bytes(16), "big") & ~(0xF << 76) | (4 << 76) for _ in range(3))
    return PhantomUids(f"2.25.{study}", f"2.25.{series}", f"2.25.{sop}")


def to_dataset(
    spec: PhantomSpec, pixels: NDArray[np.uint16], truth: tuple[GroundTruth, ...], uids: PhantomUids, now: datetime
) -> Dataset:
    """The instance with Pixel Data encoded in the spec's transfer syntax. `now` becomes study, series and content time."""
    dataset = Dataset()
    dataset.file_meta = _file_meta(spec, uids)
    _patient(dataset, spec)
    _study_and_series(dataset, spec, uids, now)
    _equipment(dataset, spec)
    _image(dataset, spec, uids, now)
    _geometry(dataset, spec)
    if spec.modality == "DX":
        _dx_only(dataset, spec)
    dataset.ImageComments = f"{SYNTHETIC}; drawn: {', '.join(sorted(each.finding for each in truth)) or 'normal'}"
    _pixel_description(dataset, spec)
    encode_pixels(dataset, pixels, spec.transfer_syntax_uid)
    return dataset


def _file_meta(spec: PhantomSpec, uids: PhantomUids) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = _SOP_CLASS[spec.modality]
    meta.MediaStorageSOPInstanceUID = uids.sop_instance_uid
    meta.TransferSyntaxUID = spec.transfer_syntax_uid
    meta.ImplementationClassUID = _IMPLEMENTATION
    meta.ImplementationVersionName = "WETREAD_PHANTOM"
    return meta


def _patient(dataset: Dataset, spec: PhantomSpec) -> None:
    patient = spec.patient
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = patient.patient_name
    dataset.PatientID = patient.patient_id
    dataset.IssuerOfPatientID = "WETREAD PHANTOM"
    dataset.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    dataset.PatientSex = patient.sex
    dataset.PatientAge = f"{patient.age_years:03d}Y"
    dataset.PatientComments = SYNTHETIC
    dataset.QualityControlSubject = "YES"


def _study_and_series(dataset: Dataset, spec: PhantomSpec, uids: PhantomUids, now: datetime) -> None:
    day, time = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uids.study_instance_uid, uids.series_instance_uid
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = day
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = time
    dataset.TimezoneOffsetFromUTC = now.strftime("%z") or "+0000"
    dataset.StudyID = f"{spec.seed % 10**8:08d}"
    dataset.AccessionNumber = f"PH{spec.seed % 10**10:010d}"
    dataset.ReferringPhysicianName = "Phantom^Referrer"
    dataset.StudyDescription = "XR CHEST " + ("PA" if spec.view_position == "PA" else "AP PORTABLE")
    dataset.Modality = spec.modality
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    dataset.SeriesDescription = f"CHEST {spec.view_position}"
    dataset.ProtocolName = SYNTHETIC
    dataset.BodyPartExamined = "CHEST"


def _equipment(dataset: Dataset, spec: PhantomSpec) -> None:
    dataset.Manufacturer = spec.manufacturer
    dataset.ManufacturerModelName = "wetread phantom"
    dataset.InstitutionName = spec.institution_name
    dataset.StationName = "PHANTOM"
    dataset.DeviceSerialNumber = "0000"
    dataset.SoftwareVersions = "1"


def _image(dataset: Dataset, spec: PhantomSpec, uids: PhantomUids, now: datetime) -> None:
    dataset.SOPClassUID, dataset.SOPInstanceUID = _SOP_CLASS[spec.modality], uids.sop_instance_uid
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    dataset.ImageType = ["DERIVED", "PRIMARY", ""] if spec.modality == "DX" else ["DERIVED", "PRIMARY"]
    dataset.AcquisitionNumber = 1
    dataset.DerivationDescription = SYNTHETIC
    dataset.ViewPosition = spec.view_position
    dataset.PatientOrientation = ["L", "F"]
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.KVP = "125" if spec.view_position == "PA" else "90"
    dataset.DistanceSourceToDetector = "1800" if spec.view_position == "PA" else "1100"


def _geometry(dataset: Dataset, spec: PhantomSpec) -> None:
    spacing = pixel_spacing_mm(frame_of(spec))
    dataset.ImagerPixelSpacing = [spacing, spacing]
    dataset.PixelSpacing = [spacing, spacing]
    dataset.PixelSpacingCalibrationType = "GEOMETRY"
    dataset.PixelSpacingCalibrationDescription = "at the detector, not corrected for magnification"
    if spec.modality == "CR":
        dataset.PlateType, dataset.PhosphorType = "", ""


def code_item(value: str, scheme: str, meaning: str) -> Dataset:
    """A Basic Code Sequence Macro item (PS3.3 Table 8.8-1)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _dx_only(dataset: Dataset, spec: PhantomSpec) -> None:
    """DX Anatomy Imaged, DX Image, DX Detector, DX Positioning (PS3.3 C.8.11.1-5), Acquisition Context."""
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageLaterality = "U"
    dataset.AnatomicRegionSequence = Sequence([code_item("51185008", "SCT", "Chest")])
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = -1 if spec.photometric_interpretation == "MONOCHROME2" else 1
    dataset.DetectorType = "DIRECT"
    view = ("399348003", "antero-posterior") if spec.view_position == "AP" else ("272460009", "postero-anterior")
    projection = code_item(view[0], "SCT", view[1])
    projection.ViewModifierCodeSequence = Sequence([])
    dataset.ViewCodeSequence = Sequence([projection])
    dataset.PositionerType = ""
    dataset.AcquisitionContextSequence = Sequence([])


def _pixel_description(dataset: Dataset, spec: PhantomSpec) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = spec.photometric_interpretation
    dataset.Rows, dataset.Columns = spec.rows, spec.columns
    dataset.BitsAllocated = 8 if spec.bits_stored == 8 else 16
    dataset.BitsStored, dataset.HighBit = spec.bits_stored, spec.bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    dataset.PresentationLUTShape = "IDENTITY" if spec.photometric_interpretation == "MONOCHROME2" else "INVERSE"
    dataset.WindowCenter, dataset.WindowWidth = 2 ** (spec.bits_stored - 1), 2**spec.bits_stored


def encode_dicom(dataset: Dataset) -> bytes:
    """The dataset as a PS3.10 file in its own transfer syntax."""
    buffer = BytesIO()
    encoding = TRANSFER_SYNTAXES[str(dataset.file_meta.TransferSyntaxUID)]
    dcmwrite(
        buffer,
        dataset,
        enforce_file_format=True,
        implicit_vr=dataset.file_meta.TransferSyntaxUID == uid.ImplicitVRLittleEndian,
        little_endian=encoding.byte_order == "little",
    )
    return buffer.getvalue()


def write_dicom(spec: PhantomSpec, path: Path, uids: PhantomUids, now: datetime) -> tuple[GroundTruth, ...]:
    """Renders a spec and writes it to `path`; gives back the truth."""
    pixels, truth = render(spec)
    path.write_bytes(encode_dicom(to_dataset(spec, pixels, truth, uids, now)))
    return truth
