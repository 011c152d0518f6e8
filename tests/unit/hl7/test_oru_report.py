"""What leaves as ORU^R01 is what was signed: status, findings with side and probability, words, names; and no text becomes structure."""

from dataclasses import replace

import pytest
from builders_delivery import EFFUSION, NO_CARDIOMEGALY, NO_IDENTITY, TEXT, a_package, a_report, an_appended_report
from hypothesis import given, settings
from hypothesis import strategies as st
from oru_reader import read_oru

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import Report, ReportFinding, ReportStatus, Section
from wetread.hl7.character_sets import CODECS, CharacterSet
from wetread.hl7.oru_report import OruOptions, encode_oru_report, report_control_id
from wetread.ports.sink import ReportPackage
from wetread.testing.builders import an_identity

OPTIONS = OruOptions("hl7", "north", "EHR", "HOSP")
FIRST = a_report(EFFUSION, NO_CARDIOMEGALY)
HOSTILE = "|^~\\&\r\n\x0b\x1c\x00\u2028\\X0D\\PID|1||OTHER^^^X^MR|\\.br\\"


def said(report: Report | None = None, options: OruOptions = OPTIONS, **changes: object) -> bytes:
    return encode_oru_report(a_package(report, **changes), options)  # type: ignore[arg-type]


def amended(*findings: ReportFinding, **changes: object) -> ReportPackage:
    second = a_report(*findings, status=ReportStatus.AMENDED, version=2, **changes)  # type: ignore[arg-type]
    return a_package(second, predecessor=FIRST)


def test_a_final_report_says_what_was_signed() -> None:
    read = read_oru(said())
    assert (read.status, {each.status for each in read.observations}) == ("F", {"F"})
    assert read.findings == (EFFUSION, NO_CARDIOMEGALY)
    assert {section: read.texts[section] for section, _ in TEXT} == dict(TEXT)
    assert read.fields["PID-3"] == "PAT001^^^HOSPITAL^MR"
    assert (read.fields["OBR-3"], read.fields["OBR-18"]) == ("ACC001", "ACC001")
    assert read.fields["OBR-32"] == "ada&Ada Lovelace"
    assert [each.value for each in read.observations if each.code == "113014"] == ["2.25.1"]


@pytest.mark.parametrize("status", [ReportStatus.PARTIAL, ReportStatus.PRELIMINARY])
def test_what_no_radiologist_signed_is_preliminary_in_every_place(status: ReportStatus) -> None:
    read = read_oru(said(a_report(EFFUSION, status=status)))
    assert (read.status, {each.status for each in read.observations}) == ("P", {"P"})


def test_a_report_that_changed_after_its_signature_does_not_leave() -> None:
    forged = replace(FIRST, content=a_report(replace(EFFUSION, laterality="left")).content)
    for report in (forged, replace(FIRST, signature=None)):
        with pytest.raises(PermanentError) as caught:
            said(report)
        assert caught.value.code in ("signature_mismatch", "unsigned_final")


def test_an_amendment_says_what_is_corrected_what_is_new_and_what_is_gone() -> None:
    nodule = ReportFinding(FindingName.NODULE, True, "left")
    text = (*TEXT[:4], (Section.IMPRESSION, "Left pleural effusion."))
    package = amended(replace(EFFUSION, laterality="left"), nodule, sections=text, amendment_reason="wrong side")
    read = read_oru(encode_oru_report(package, OPTIONS))
    assert read.status == "C"
    assert read.statuses(FindingName.EFFUSION) == ["F", "C", "F", "F"]
    assert read.statuses(FindingName.NODULE) == ["F", "F"]
    assert set(read.statuses(FindingName.CARDIOMEGALY)) == {"D"}
    status = {each.code: each.status for each in read.observations if each.kind == "FT"}
    assert status == {"18785-6": "F", "55111-9": "F", "55114-3": "F", "59776-5": "F", "19005-8": "C", "55107-7": "F"}


def test_an_addendum_is_new_beside_what_stays_and_its_author_is_who_added_it() -> None:
    once = an_appended_report("A rib is broken.", of=FIRST)
    twice = an_appended_report("The rib is the seventh.", of=once)
    for report, before, new in ((once, FIRST, ["1.1"]), (twice, once, ["1.1", "2.1"])):
        message = encode_oru_report(a_package(report, predecessor=before), OPTIONS)
        read = read_oru(message)
        assert (read.status, {each.status for each in read.observations}) == ("C", {"F"})
        assert [each.group for each in read.observations if each.code == "55107-7"] == new
        authors = {
            line.split(b"|")[16] for line in message.split(b"\r") if line.startswith(b"OBX") and b"55107-7" in line
        }
        assert authors == {b"grace^Grace Hopper"}
        assert read.fields["OBR-32"] == "ada&Ada Lovelace"
        assert read.fields["OBR-22"] == "20261123130000+0000"


def test_a_side_that_was_taken_back_is_deleted() -> None:
    read = read_oru(encode_oru_report(amended(replace(EFFUSION, laterality=""), NO_CARDIOMEGALY), OPTIONS))
    assert read.findings[0] == replace(EFFUSION, laterality="")
    assert [(each.value, each.status) for each in read.observations if each.code == "272741003"] == [("", "D")]


def test_a_finding_keeps_its_group_in_every_version() -> None:
    groups = {
        each.group
        for package in (a_package(FIRST), amended(NO_CARDIOMEGALY, EFFUSION))
        for each in read_oru(encode_oru_report(package, OPTIONS)).observations
        if each.code == "60046008"
    }
    assert len(groups) == 1


def test_findings_and_sections_said_twice_are_both_there() -> None:
    twice = a_report(
        EFFUSION, replace(EFFUSION, laterality="left"), sections=((Section.FINDINGS, "one"), (Section.FINDINGS, "two"))
    )
    read = read_oru(said(twice), strict=False)
    assert [each.laterality for each in read.findings] == ["right", "left"]
    assert read.texts[Section.FINDINGS] == "one\ntwo"


def test_a_finding_of_two_terminologies_carries_both_codes() -> None:
    line = said(a_report(ReportFinding(FindingName.CONSOLIDATION, True, "left"))).decode()
    assert "|95436008^Lung consolidation^SCT^RID43255^consolidation^RADLEX|" in line


def test_without_the_machine_there_is_no_number() -> None:
    read = read_oru(said(a_report(ReportFinding(FindingName.EFFUSION, True, "right")), read_by_ai=False))
    assert not [each for each in read.observations if each.kind == "NM"]


def test_the_machine_is_named_beside_its_numbers_and_the_person_beside_the_rest() -> None:
    for line in said().decode().split("\r"):
        fields = line.split("|")
        if fields[0] == "OBX":
            numbers = fields[2] == "NM"
            assert (fields[16:19] == ["", "", "phantom-net 1.0.0"]) == numbers
            assert (fields[16] == "ada^Ada Lovelace") == (not numbers)


def test_a_study_of_nobody_is_not_sent() -> None:
    with pytest.raises(PermanentError) as caught:
        said(identity=replace(NO_IDENTITY, patient_id=" "))
    assert caught.value.code == "no_patient"


def test_a_study_without_accession_is_filed_by_its_uid() -> None:
    read = read_oru(said(identity=replace(NO_IDENTITY, patient_id="7")))
    assert read.fields["OBR-3"] == "2.25.1^WETREAD"


def test_the_control_id_is_of_report_version_and_destination() -> None:
    first, second = a_package(FIRST), amended(EFFUSION)
    ids = {
        report_control_id(package, where)
        for package in (first, second, replace(first, study_key=StudyKey("another")))
        for where in ("hl7", "other")
    }
    assert len(ids) == 6
    assert all(len(each) == 20 and each.isalnum() for each in ids)
    assert read_oru(said()).control_id == report_control_id(first, "hl7")


def test_a_repeat_is_the_same_bytes() -> None:
    assert said() == said()


def test_no_text_makes_a_segment_a_field_or_a_second_patient() -> None:
    identity = an_identity(patient_name=f"Doe{HOSTILE}^Jane", patient_id=f"P{HOSTILE}", accession_number=f"A{HOSTILE}")
    hostile = a_report(EFFUSION, sections=((Section.FINDINGS, HOSTILE),), signer_name=f"Ada{HOSTILE}")
    clean = read_oru(said(a_report(EFFUSION, sections=((Section.FINDINGS, "x"),))))
    read = read_oru(said(hostile, identity=identity), strict=False)
    lines = said(hostile, identity=identity).decode().split("\r")
    assert [line[:3] for line in lines].count("PID") == 1
    assert [each.code for each in read.observations] == [each.code for each in clean.observations]
    assert read.findings == clean.findings


@settings(max_examples=20)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_the_words_come_back(words: str) -> None:
    report = a_report(EFFUSION, sections=((Section.FINDINGS, f"Said: {words}"),))
    read = read_oru(said(report), strict=False)
    assert _words(read.texts[Section.FINDINGS]) == _words(f"Said: {words}")


def _words(text: str) -> list[str]:
    return "".join(
        " " if each < " " or "\x7f" <= each <= "\x9f" or each in "\u2028\u2029" else each for each in text
    ).split()


def test_a_long_text_is_said_in_pieces_that_fit() -> None:
    words = " ".join(f"word{number}|" for number in range(9000))
    message = said(a_report(EFFUSION, sections=((Section.FINDINGS, words),)))
    pieces = [line.split("|")[5] for line in message.decode().split("\r") if "|59776-5" in line]
    assert len(pieces) > 5
    assert max(map(len, pieces)) < 65_536
    read = read_oru(message, strict=False)
    assert read.texts[Section.FINDINGS].replace(" ", "") == words.replace(" ", "")


@pytest.mark.parametrize("character_set", CODECS)
def test_a_message_is_in_the_character_set_that_it_names(character_set: CharacterSet) -> None:
    message = said(
        options=replace(OPTIONS, character_set=character_set), identity=an_identity(patient_name="Müller^Änne")
    )
    read = read_oru(message)
    assert read.fields["PID-5"] in ("Müller^Änne", "Muller^Anne")
    assert read.fields["PID-5"] == "Müller^Änne" or "ü" not in bytes(range(256)).decode(CODECS[character_set], "ignore")


def test_what_a_character_set_cannot_say_stops_the_delivery() -> None:
    report = a_report(EFFUSION, sections=((Section.FINDINGS, "size ≠ 5 mm"),))
    with pytest.raises(PermanentError) as caught:
        said(report, replace(OPTIONS, character_set="ASCII"))
    assert caught.value.code == "unencodable"
    assert "5 mm" not in str(caught.value)
