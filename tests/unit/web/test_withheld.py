"""What a blinded reader is not told: every GET of the table is walked with a study whose AI words and numbers are unmistakable. Before the commit none of them appears, after it every one."""

import http.client
import re
from struct import pack

import pytest
from builders_dicomweb import second_reader_world, send_back
from builders_web import SECRET, Answer, Browser, World, a_world, open_door

from wetread.domain.analysis import HeatMaps, ModelIdentity, OperatingPoint, QualityFlag, Region
from wetread.domain.critical import Acknowledgement, EarlierWord
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import SOPInstanceUID, StudyKey, instance_key
from wetread.domain.mark import FilmMarks, Mark, MarkKind, ReaderMarks
from wetread.domain.quality import NAIVE
from wetread.domain.reading import ReadingMode
from wetread.domain.relabelling import RelabelRound, RelabelTask
from wetread.domain.reliability import Reliability, ScoreShare
from wetread.domain.report import Evidence, ReportContent, ReportFinding, ReportStatus, Section, Sentence
from wetread.domain.role import Role
from wetread.domain.study_state import StudyState
from wetread.testing.builders import (
    NOON,
    a_decision,
    a_draft,
    a_finding,
    a_report,
    a_signature,
    an_analysis,
)
from wetread.testing.critical_builders import a_critical_result
from wetread.web.operation_table import OPERATIONS
from wetread.web.operations import Operation

# numbers so long that no time, count or identifier of an answer holds them by chance
WORDS = {
    "probability": "0.73912846",
    "operating point": "0.41375938",
    "raw score": "1.88317264",
    "region": "1777177717",
    "model": "okapinet",
    "film quality": "quaggaflag",
    "a colleague's mark": "galagomark",
    "films of such a score": "417731877",
    "draft": "zebrasentence",
    "draft's notice": "gnunotice",
    "triage": "elandreason",
    "triage rule": "orynxrule",
    "heat map": "213.875",
    "preliminary report": "bongotext",
    "own result sent back": "kuduobject",
    "a colleague's read-back": "bushbuckwords",
    "critical result's pages": "dikdikmessage",
}
NOT_SHOWN_BY_ANY = {"critical result's pages"}
"""What a page says leaves by the channels only: no answer of this door holds it, before or after."""


def a_told_study(world: World, state: StudyState = StudyState.DRAFTED) -> StudyKey:
    """A critical study; whatever the machine says of it holds a word of WORDS."""
    point = OperatingPoint(0.41375938, "okapi rule", None, None)
    finding = a_finding(
        FindingName.HERNIA, probability=0.73912846, raw_score=1.88317264, operating_point=point, laterality="",
        region=Region(1777177717, 1888, 20, 30),
    )  # fmt: skip
    analysis = an_analysis(
        model=ModelIdentity("okapinet", "9.8.7", "f" * 64),
        findings=(finding,),
        quality=(QualityFlag("quaggaflag", "quaggaflag says look"),),
        heat=HeatMaps(1, 1, pack("<e", 213.875), Region(0, 2500, 0, 2048)),
    )
    sentence = Sentence(
        Section.FINDINGS, "A zebrasentence.", (Evidence("model", FindingName.HERNIA, 0.73912846, 0.41375938),), "hedge"
    )
    draft = a_draft(
        sentences=(sentence,),
        findings=(ReportFinding(FindingName.HERNIA, True, "", 0.73912846),),
        notice="gnunotice",
    )
    decision = a_decision(
        reason="elandreason 0.73912846", rule_id="orynxrule", message="dikdikmessage", finding=FindingName.HERNIA
    )
    key = world.add_study(state, analysis=analysis, draft=draft, decision=decision)
    content = ReportContent(((Section.FINDINGS, "A bongotext."),), ())
    status = ReportStatus.PRELIMINARY if state is StudyState.DRAFTED else ReportStatus.FINAL
    signature = a_signature(content, signer_id="resident", signer_name="Res Ident")
    with world.services.database.begin() as unit:
        unit.save_report(
            a_report(study_key=key, content=content, status=status, author_id="resident", signature=signature),
            expected_etag=None,
        )
        result = a_critical_result(
            study_key=key, critical_key=f"{key}:1", reason="elandreason 0.73912846", rule_id="orynxrule", message="dikdikmessage",
            earlier=(EarlierWord("dikdikmessage", Acknowledgement("resident", NOON, "bushbuckwords"), None),),
        )  # fmt: skip
        unit.save_critical(result, expected_etag=None)
        arrow = Mark(MarkKind.ARROW, ((1.0, 1.0), (2.0, 2.0)), "galagomark")
        films = (FilmMarks(unit.instances(key)[0].instance_key, (arrow,)),)
        unit.save_marks(ReaderMarks(key, "m.quinn", "M Quinn", 1, NOON, films))
        share = ScoreShare("north", "hernia", "f" * 64, NAIVE, 0.7, 0.8, 417731877, 31, 0.1, 0.9)
        unit.save_reliability(Reliability(NOON, "2026-01-01", (share,)))
        unit.commit()
    send_back(world, key)
    return key


def paths(operation: Operation, key: str) -> list[str]:
    """Every place that the operation has of the study: with our own object's series and instance as well as the film's."""
    found = [operation.path.replace("{study_key}", key).replace("{critical_key}", f"{key}:1")]
    found = [
        each.replace("{study_uid}", "2.25.1")
        .replace("{model}", "okapinet@9.8.7")
        .replace("{actor_id}", "ann")
        .replace("{name}", "stow")
        .replace("{number}", "1")
        .replace("{frames}", "1")
        .replace("{place}", "7FE00010")
        .replace("{resource_type}", "DiagnosticReport")
        .replace("{resource_id}", key)
        .replace("{workitem}", "2.25.404")
        .replace("{subscriber}", "RIS")
        .replace("{order_key}", "0" * 32)
        for each in found
    ]
    if "{series_uid}" in operation.path:
        pairs = (("2.25.1.1", "2.25.1.1.1"), ("2.25.77", "2.25.77.1"))
        found = [
            each.replace("{series_uid}", series).replace("{sop_uid}", sop) for each in found for series, sop in pairs
        ]
    if operation.name in ("worklist", "criticals"):
        found += [f"{each}?view={view}" for each in found for view in ("reported", "closed")]
    if operation.name == "film":
        found += [own_picture(key), own_picture(key, "pixels")]
    assert not any(re.search(r"[{}]", each) for each in found)
    return found


def own_picture(key: str, form: str = "film.png") -> str:
    return f"/api/studies/{key}/{form}?instance={instance_key(SECRET, SOPInstanceUID('2.25.77.1'))}"


def everything(reader: Browser, key: str) -> dict[str, bytes]:
    """Status, headers and body of every GET, and the first event of the stream."""
    said = {}
    for operation in OPERATIONS:
        if operation.method == "GET" and operation.name != "events":
            for path in paths(operation, key):
                answer: Answer = reader.get(path)
                assert answer.status < 500, path
                said[f"{operation.name} {path}"] = repr(answer.headers).encode() + answer.body
    said["events"] = first_events(reader)
    return said


def first_events(reader: Browser) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", reader.port, timeout=60)
    try:
        connection.request("GET", "/api/events", headers={"Cookie": reader.cookie})
        answer = connection.getresponse()
        return b"".join(answer.readline() for _ in range(5))
    finally:
        connection.close()


def told(said: dict[str, bytes]) -> dict[str, list[str]]:
    return {what: [name for name, body in said.items() if word.encode() in body] for what, word in WORDS.items()}


def test_before_the_commit_no_answer_holds_what_the_ai_said_and_after_it_every_word_is_there() -> None:
    world = second_reader_world()
    key = a_told_study(world)
    with open_door(world) as door:
        reader = door.as_("radiologist")
        for _ in range(2):  # before the study is opened, and while it is read
            before = everything(reader, key)
            assert told(before) == {what: [] for what in WORDS}
            assert "hernia" not in before[f"study /api/studies/{key}"].decode().lower()
            opened = reader.post(f"/api/studies/{key}/open")
            assert opened.status == 200
            assert not any(word.encode() in opened.body for word in WORDS.values())
        assert [reader.get(own_picture(key, form)).status for form in ("film.png", "pixels")] == [404, 404]
        acknowledged = reader.post(f"/api/criticals/{key}:1/acknowledge", {"etag": 1, "read_back": "I look at it now"})
        assert acknowledged.status == 200
        assert not any(word.encode() in acknowledged.body for word in WORDS.values())
        committed = reader.post(
            f"/api/studies/{key}/findings", {"findings": [{"name": "hernia", "presence": "negative"}]}
        )
        assert committed.status == 200
        after = told(everything(reader, key))
        assert {what for what, where in after.items() if not where} == NOT_SHOWN_BY_ANY
        assert reader.get(own_picture(key)).status == 200
        (difference,) = committed.json()["reading"]["differences"]  # type: ignore[index]
        assert (difference["name"], difference["agreement"]) == ("hernia", "ai_only")


def test_the_priority_and_the_critical_mark_are_told_before_the_commit() -> None:
    """Safety wins over blinding (ADR-0016)."""
    world = second_reader_world()
    key = a_told_study(world)
    with open_door(world) as door:
        reader = door.as_("radiologist")
        study = reader.get(f"/api/studies/{key}").json()
        assert (study["study"]["priority"], study["study"]["critical"]) == ("stat", True)  # type: ignore[index]
        (row,) = reader.get("/api/worklist").json()["studies"]  # type: ignore[misc]
        assert (row["priority"], row["critical"], row["withheld"]) == ("stat", True, "until_commit")
        (critical,) = reader.get("/api/criticals").json()["criticals"]  # type: ignore[misc]
        assert (critical["reason"], critical["withheld"]) == ("", True)


def test_the_worklist_says_who_has_a_study_open_and_since_when() -> None:
    world = a_world()
    key = world.add_study()
    with open_door(world) as door:
        reader = door.as_("radiologist")
        assert reader.get("/api/worklist").json()["open_by"] == {}
        assert reader.send("PUT", f"/api/studies/{key}/lock", {"screen": "screen-one"}).json()["mine"] is True
        since = world.clock.now().isoformat()
        told = door.as_("technologist").get("/api/worklist").json()["open_by"]
        assert told == {key: {"actor_id": "radiologist", "name": "Radiologist", "since": since}}
        refused = door.as_("resident").post(f"/api/studies/{key}/open")
        assert (refused.status, refused.json()["code"]) == (409, "study_locked")


def test_words_are_taken_from_a_session_that_just_ran_out_and_nothing_else_is() -> None:
    world = a_world()
    key = world.add_study()
    words = {"version": 1, "content": {"sections": [{"section": "findings", "text": "Half a"}], "findings": []}}
    with open_door(world) as door:
        reader = door.as_("radiologist")
        world.clock.advance(world.services.settings.idle_s + 1)
        assert reader.send("PUT", f"/api/studies/{key}/recovery", words).status == 204
        for method, path in (("GET", f"/api/studies/{key}"), ("DELETE", f"/api/studies/{key}/recovery")):
            assert reader.send(method, path).status == 401
        world.clock.advance(600)
        assert reader.send("PUT", f"/api/studies/{key}/recovery", words).status == 401
        ended = door.as_("radiologist")
        ended.post("/api/logout")
        assert ended.send("PUT", f"/api/studies/{key}/recovery", words).status == 401
        again = door.as_("radiologist").get(f"/api/studies/{key}").json()["recovery"]
        assert again["content"]["sections"][0]["text"] == "Half a"  # type: ignore[index]


def test_what_one_reader_committed_shows_nothing_to_another() -> None:
    world = second_reader_world()
    world.add_account("another", Role.RADIOLOGIST)
    key = a_told_study(world)
    with open_door(world) as door:
        assert door.as_("radiologist").post(f"/api/studies/{key}/findings", {"findings": []}).status == 200
        assert told(everything(door.as_("another"), key)) == {what: [] for what in WORDS}
        assert told(everything(door.as_("quality"), key))["draft"]


def test_without_ai_nothing_of_it_is_ever_told_but_what_a_person_signed() -> None:
    world = second_reader_world(ReadingMode.AI_OFF)
    key = a_told_study(world)
    with open_door(world) as door:
        reader = door.as_("radiologist")
        for _ in range(2):
            said = told(everything(reader, key))
            assert {what for what, where in said.items() if where} == {"preliminary report", "a colleague's mark"}
            reader.post(f"/api/studies/{key}/open")
        assert reader.post(f"/api/studies/{key}/findings", {"findings": []}).status == 409


def test_an_adjudicator_is_told_neither_the_ai_nor_the_report_nor_the_priority() -> None:
    world = a_world()
    key = a_told_study(world, StudyState.SIGNED)
    with world.services.database.begin() as unit:
        drawn = RelabelRound("r1", ("hernia", "mass"), 1, 1, 1, 1, "", (), "quality", NOON)
        unit.add_relabel_round(drawn, [RelabelTask("r1", key, "p", "north", ("hernia", "mass"), (), 1.0)])
        unit.commit()
    with open_door(world) as door:
        reader = door.as_("radiologist")
        said = everything(reader, key)
        assert told(said) == {what: [] for what in WORDS}
        assert not any(b"stat" in re.findall(rb'"priority":"(\w+)"', body) for body in said.values())
        study = reader.get(f"/api/studies/{key}").json()
        assert (study["study"]["priority"], study["study"]["critical"]) == ("withheld", False)  # type: ignore[index]
        assert study["reading"]["asked"] == ["hernia", "mass"]  # type: ignore[index]
        assert reader.get("/api/criticals").json()["criticals"] == []
        half = reader.post(f"/api/studies/{key}/findings", {"findings": [{"name": "mass", "presence": "negative"}]})
        assert (half.status, half.json()["code"]) == (422, "bad_answer")
        findings = [{"name": "hernia", "presence": "positive"}, {"name": "mass", "presence": "uncertain"}]
        assert reader.post(f"/api/studies/{key}/findings", {"findings": findings}).status == 200
        after = told(everything(reader, key))
        assert {what for what, where in after.items() if not where} == NOT_SHOWN_BY_ANY
    with world.services.database.begin(write=False) as unit:
        task = unit.relabel_task("r1", key)
        assert task is not None
        assert [(read.reader_id, [str(each) for each in read.answers]) for read in task.reads] == [
            ("radiologist", ["positive", "uncertain"])
        ]


@pytest.mark.parametrize("role", ["radiologist", "resident"])
def test_a_bearer_token_is_blinded_as_its_account_is(role: str) -> None:
    from builders_web import a_token

    world = second_reader_world()
    key = a_told_study(world)
    token = a_token(world, role)
    with open_door(world) as door:
        client = Browser(door.port, defaults={"Authorization": f"Bearer {token}"})
        assert not any(word.encode() in client.get(f"/api/studies/{key}").body for word in WORDS.values())
        refused = client.get(f"/api/studies/{key}/heatmap")
        assert (refused.status, refused.json()["code"]) == (403, "ai_withheld")


def test_a_list_that_is_open_follows_another_mode_at_once() -> None:
    world = second_reader_world()
    a_told_study(world)
    with open_door(world) as door:
        reader = door.as_("radiologist")
        listed = reader.get("/api/worklist").json()
        (row,) = listed["studies"]  # type: ignore[misc]
        assert (row["withheld"], row["reason"]) == ("until_commit", "")
        assert reader.get(f"/api/worklist?since={listed['cursor']}").json()["studies"] == []
        assert reader.send("PUT", "/api/reader/mode", {"mode": "ai_off"}).status == 200
        other = reader.get(f"/api/worklist?since={listed['cursor']}").json()
        (row,) = other["studies"]  # type: ignore[misc]
        assert (other["complete"], row["withheld"]) == (True, "ai_off")
        assert reader.get(f"/api/worklist?since={other['cursor']}").json()["studies"] == []
        assert reader.send("PUT", "/api/reader/mode", {"mode": "second_reader"}).status == 200
        back = reader.get(f"/api/worklist?since={other['cursor']}").json()
        assert [each["withheld"] for each in back["studies"]] == ["until_commit"]  # type: ignore[attr-defined]
