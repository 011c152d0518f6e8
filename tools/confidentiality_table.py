"""Writes src/wetread/dicom/confidentiality.toml, the facts that de-identification is driven by.

    python tools/confidentiality_table.py confidentiality_profile_attributes.json

The file named is of innolitics/dicom-standard (MIT), their reading of PS3.15 table E.1-1; types and modules of the attributes come from the tables that highdicom (MIT) ships, its
reading of PS3.3. Only tags, actions and types are taken: no text. What beyond the table may stay in a file is our own choice, made here.
"""

import argparse
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

TARGET = Path(__file__).parents[1] / "src/wetread/dicom/confidentiality.toml"
IODS = {"cr": "computed-radiography-image", "dx": "digital-x-ray-image"}
OPTIONS = {
    "rtnUIDsOpt": "uids",
    "rtnDevIdOpt": "device",
    "rtnInstIdOpt": "institution",
    "rtnPatCharsOpt": "patient",
    "rtnLongFullDatesOpt": "dates",
    "rtnLongModifDatesOpt": "shifted",
    "cleanDescOpt": "descriptors",
    "cleanStructContOpt": "structured",
    "cleanGraphOpt": "graphics",
}
OF_A_PERSON = ("patient", "patient-study", "specimen", "clinical-trial-subject", "clinical-trial-study")
NOT_KEPT = (*OF_A_PERSON, "clinical-trial-series", "overlay-plane", "intervention", "device")
FIXED = frozenset({"CS", "DS", "IS", "US", "SS", "FL", "FD", "US or SS"})
"""VRs whose values are numbers or terms."""

ALSO_KEPT = (
    "SOPClassUID",
    "Manufacturer",
    "ManufacturerModelName",
    "SoftwareVersions",
    "DetectorManufacturerName",
    "DetectorManufacturerModelName",
    "AcquisitionDeviceProcessingCode",
    "PhosphorType",
    "FilterType",
    "PlateType",
    "RescaleType",
    "WindowCenterWidthExplanation",
    "PixelData",
)
NOT_THESE = (
    "SpecificCharacterSet",
    "PatientIdentityRemoved",
    "LongitudinalTemporalInformationModified",
    "QueryRetrieveView",
)
"""Written anew, or of no use outside."""

CODE = ("CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning", "LongCodeValue", "URNCodeValue")
LUT = ("LUTDescriptor", "LUTData", "ModalityLUTType")
REFERENCE = (
    "ReferencedSOPClassUID",
    "ReferencedSOPInstanceUID",
    "ReferencedFrameNumber",
    "PurposeOfReferenceCodeSequence",
)
CODED = (
    "AnatomicRegionSequence",
    "AnatomicRegionModifierSequence",
    "PrimaryAnatomicStructureSequence",
    "PrimaryAnatomicStructureModifierSequence",
    "ViewCodeSequence",
    "ViewModifierCodeSequence",
    "PatientOrientationCodeSequence",
    "PatientOrientationModifierCodeSequence",
    "PatientGantryRelationshipCodeSequence",
    "ProjectionEponymousNameCodeSequence",
    "ProcedureCodeSequence",
    "PerformedProtocolCodeSequence",
    "DerivationCodeSequence",
    "PurposeOfReferenceCodeSequence",
    "ConceptNameCodeSequence",
    "ConceptCodeSequence",
    "MeasurementUnitsCodeSequence",
)
MODIFIED_BY = {
    "AnatomicRegionSequence": "AnatomicRegionModifierSequence",
    "PrimaryAnatomicStructureSequence": "PrimaryAnatomicStructureModifierSequence",
    "ViewCodeSequence": "ViewModifierCodeSequence",
    "PatientOrientationCodeSequence": "PatientOrientationModifierCodeSequence",
}
ITEMS: dict[str, tuple[str, ...]] = {
    **{name: (*CODE, *([MODIFIED_BY[name]] if name in MODIFIED_BY else [])) for name in CODED},
    "ModalityLUTSequence": LUT,
    "VOILUTSequence": LUT,
    "ReferencedImageSequence": REFERENCE,
    "SourceImageSequence": REFERENCE,
    "ReferencedSeriesSequence": ("SeriesInstanceUID", "ReferencedInstanceSequence"),
    "ReferencedInstanceSequence": REFERENCE,
    "HistogramSequence": (
        "HistogramNumberOfBins",
        "HistogramFirstBinValue",
        "HistogramLastBinValue",
        "HistogramBinWidth",
        "HistogramData",
    ),
    "AcquisitionContextSequence": (
        "ValueType",
        "ConceptNameCodeSequence",
        "ConceptCodeSequence",
        "NumericValue",
        "MeasurementUnitsCodeSequence",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profile", type=Path)
    table = json.loads(parser.parse_args().profile.read_text())
    TARGET.write_text("\n".join(lines(table)) + "\n")


def lines(table: list[dict[str, str]]) -> Iterator[str]:
    actions = {
        tag: action
        for row in table
        if (tag := row["id"].upper().replace("X", "x"))[:4] != "GGGG"
        for action in [told(row)]
    }
    yield from (f"# {line}" for line in HEAD.splitlines())
    yield "\n[profile]"
    yield from (f'"{tag}" = "{action}"' for tag, action in sorted(actions.items()))
    kept: dict[str, str] = {}
    for short, name in IODS.items():
        yield f"\n[types.{short}]"
        types: dict[str, str] = {}
        for module, attribute in attributes(name):
            tag = hexed(attribute["keyword"])
            types[tag] = min(types.get(tag, "9"), attribute["type"])
            if tag not in actions and is_kept(module, attribute["keyword"]):
                kept[tag] = attribute["keyword"]
        yield from (f'"{tag}" = "{kind}"  # {word(tag)}' for tag, kind in sorted(types.items()) if kind != "3")
    yield "\n[kept]"
    yield from (f'"{tag}" = true  # {name}' for tag, name in sorted(kept.items()))
    yield "\n[items]"
    for name, inside in sorted(ITEMS.items(), key=lambda each: hexed(each[0])):
        yield f'"{hexed(name)}" = "{" ".join(sorted(map(hexed, inside)))}"  # {name}'


HEAD = """Made by tools/confidentiality_table.py: change that, not this.

profile: what becomes of an attribute by the Basic Application Level Confidentiality Profile (PS3.15 table E.1-1, 621 rows, as of January 2025), and "option=action" where an
option of the profile says otherwise. From innolitics/dicom-standard (MIT), see NOTICE.
types: of the attributes of CR and DX images that are not of type 3 (PS3.3). From highdicom (MIT).
kept: attributes the profile does not name that may stay; whatever is in none of these tables goes. items: what may stay inside a sequence.
Both are wetread's own choice: terms and numbers of the modules that describe image and exposure."""


def told(row: dict[str, str]) -> str:
    options = [f"{short}={row[name]}" for name, short in OPTIONS.items() if name in row]
    return " ".join([row["basicProfile"], *options])


def attributes(iod: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(module, attribute) of the top level."""
    folder = files("highdicom") / "_standard"
    iods = json.loads((folder / "iod_module_map.json").read_text())
    modules = json.loads((folder / "module_attribute_map.json").read_text())
    for module in iods[iod]:
        for attribute in modules[module["key"]]:
            if not attribute["path"] and tag_for_keyword(attribute["keyword"]) is not None:
                yield module["key"], attribute


def is_kept(module: str, keyword: str) -> bool:
    if keyword in ALSO_KEPT or keyword in ITEMS:
        return True
    return module not in NOT_KEPT and dictionary_VR(keyword) in FIXED and keyword not in NOT_THESE


def hexed(keyword: str) -> str:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise SystemExit(f"{keyword} is not in the dictionary")
    return f"{tag:08X}"


def word(tag: str) -> str:
    return keyword_for_tag(int(tag, 16))


if __name__ == "__main__":
    main()
