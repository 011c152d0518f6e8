"""Synthetic frontal chest radiographs with known truth, as DICOM: simulated projections, not patients."""

from wetread.testing.phantom.cohort import demo_cohort
from wetread.testing.phantom.dicom import PhantomUids, encode_dicom, to_dataset, uids_from_seed, write_dicom
from wetread.testing.phantom.encoding import TRANSFER_SYNTAXES, Encoding
from wetread.testing.phantom.film import render
from wetread.testing.phantom.spec import SYNTHETIC, GroundTruth, Pathology, PhantomPatient, PhantomSpec

__all__ = [
    "SYNTHETIC",
    "TRANSFER_SYNTAXES",
    "Encoding",
    "GroundTruth",
    "Pathology",
    "PhantomPatient",
    "PhantomSpec",
    "PhantomUids",
    "demo_cohort",
    "encode_dicom",
    "render",
    "to_dataset",
    "uids_from_seed",
    "write_dicom",
]
