"""What an EHR opens: only one on the list is asked, only with its own token, and what does not fit together opens nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import pytest

from wetread.domain.errors import PermanentError
from wetread.oidc.clients import PublicClient
from wetread.oidc.exchange import Exchange, Said
from wetread.oidc.sealing import Seal
from wetread.oidc.smart import Ehr, SmartLaunches
from wetread.testing.clock import FixedClock

BASE, BACK = "https://ehr.example/fhir", "https://wetread.example/smart/callback"
MRN, UID = "urn:hospital:mrn", "2.25.1"


def patient(*identifiers: tuple[str, object]) -> dict[str, object]:
    return {"resourceType": "Patient", "identifier": [{"system": s, "value": v} for s, v in identifiers]}


def study(subject: str = "Patient/p1", uid: str = f"urn:oid:{UID}") -> dict[str, object]:
    identifier = [{"system": "urn:dicom:uid", "value": uid}]
    return {"resourceType": "ImagingStudy", "subject": {"reference": subject}, "identifier": identifier}


@dataclass
class FakeEhr(Exchange):
    """`fhir` by path; `tokens` is what its token endpoint says."""

    base: str = BASE
    fhir: dict[str, dict[str, object]] = field(default_factory=lambda: {"Patient/p1": patient((MRN, "P1"))})
    tokens: dict[str, object] = field(default_factory=lambda: {"access_token": "t-1", "patient": "p1"})
    places: dict[str, object] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(None, self.base, (), "the record system")  # type: ignore[arg-type]

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Said:
        self.asked.append((url, (headers or {}).get("Authorization", "")))
        if url.endswith("/.well-known/smart-configuration"):
            root = self.base.removesuffix("/fhir")
            return 200, {"authorization_endpoint": f"{root}/auth", "token_endpoint": f"{root}/token", **self.places}
        found = self.fhir.get(url.removeprefix(f"{self.base}/"))
        return (200, found) if found else (404, {})

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Said:
        self.asked.append((url, form["code"]))
        return 200, self.tokens


def ehr(exchange: FakeEhr) -> Ehr:
    return Ehr(
        exchange.base, "Ward EHR", "launch patient/Patient.r", {MRN: "HOSPITAL"}, PublicClient("wetread"), exchange
    )


@dataclass
class Launching:
    exchange: FakeEhr = field(default_factory=FakeEhr)
    clock: FixedClock = field(default_factory=FixedClock)

    def __post_init__(self) -> None:
        self.other = FakeEhr("https://other.example/fhir")
        self.launches = SmartLaunches([ehr(self.exchange), ehr(self.other)], Seal(b"s" * 32), self.clock)

    def go(self, issuer: str = BASE) -> tuple[str, dict[str, str]]:
        sent = self.launches.send_out(issuer, "l-1", BACK)
        return sent.sealed, dict(parse_qsl(urlsplit(sent.url).query))

    def opened(self):  # type: ignore[no-untyped-def]
        sealed, asked = self.go()
        return self.launches.context(self.launches.receive(sealed, {"code": "c", "state": asked["state"]}))


def test_a_launch_is_a_code_flow_for_that_very_server() -> None:
    _, asked = Launching().go(BASE + "/")
    assert (asked["launch"], asked["aud"], asked["code_challenge_method"]) == ("l-1", BASE, "S256")
    assert (asked["redirect_uri"], asked["client_id"]) == (BACK, "wetread")


def test_a_patient_alone_is_told_by_every_number_that_is_known_here() -> None:
    world = Launching()
    world.exchange.fhir["Patient/p1"] = patient((MRN, "P1"), ("urn:other", "X"), (MRN, "P2"), (MRN, "P1"), (MRN, 7))
    context = world.opened()
    assert (context.ehr, context.study_uids) == ("Ward EHR", ())
    assert context.patients == (("HOSPITAL", "P1"), ("HOSPITAL", "P2"))
    assert (f"{BASE}/Patient/p1", "Bearer t-1") in world.exchange.asked


def test_a_study_is_told_by_its_dicom_uid() -> None:
    world = Launching()
    world.exchange.tokens["fhirContext"] = [{"reference": "ImagingStudy/s1"}, {"reference": "Encounter/e1"}]
    world.exchange.fhir["ImagingStudy/s1"] = study()
    assert world.opened().study_uids == (UID,)


@pytest.mark.parametrize(
    ("tokens", "fhir", "code"),
    [
        ({"patient": None}, {}, "launch_no_patient"),
        ({"patient": "../Practitioner/1"}, {}, "launch_no_patient"),
        ({"patient": ["p1"]}, {}, "launch_no_patient"),
        ({"access_token": None}, {}, "launch_unreadable"),
        ({"access_token": "a\r\nHost: x"}, {}, "launch_unreadable"),
        ({}, {"Patient/p1": patient(("urn:other", "P1"))}, "launch_no_patient"),
        ({}, {"Patient/p1": patient((MRN, "P*"))}, "launch_no_patient"),
        ({}, {"Patient/p1": patient((MRN, "P1\\P2"))}, "launch_no_patient"),
        ({}, {"Patient/p1": patient((MRN, ""))}, "launch_no_patient"),
        ({}, {"Patient/p1": {"resourceType": "Group"}}, "launch_unreadable"),
        ({"fhirContext": [{"reference": "ImagingStudy/s9"}]}, {}, "launch_unreadable"),
        ({"fhirContext": [{"reference": "ImagingStudy/../x"}]}, {}, "launch_unreadable"),
        ({"fhirContext": [{"reference": "ImagingStudy/s1"}]}, {"ImagingStudy/s1": study("Patient/p2")}, "launch_other_patient"),
        ({"fhirContext": [{"reference": "ImagingStudy/s1"}]}, {"ImagingStudy/s1": study(uid="urn:oid:1.*")}, "launch_unreadable"),
    ],
)  # fmt: skip
def test_what_does_not_fit_opens_nothing(
    tokens: dict[str, object], fhir: dict[str, dict[str, object]], code: str
) -> None:
    world = Launching()
    world.exchange.tokens.update(tokens)
    world.exchange.fhir.update(fhir)
    with pytest.raises(PermanentError) as refusal:
        world.opened()
    assert refusal.value.code == code
    assert "P1" not in str(refusal.value)


@pytest.mark.parametrize(
    "issuer", ["https://evil.example/fhir", "http://169.254.169.254/", "file:///etc/passwd", "", BASE + "/x", BASE + "?a"]
)  # fmt: skip
def test_who_is_not_on_the_list_is_asked_nothing(issuer: str) -> None:
    world = Launching()
    with pytest.raises(PermanentError) as refusal:
        world.go(issuer)
    assert refusal.value.code == "unknown_ehr"
    assert world.exchange.asked == []


def test_another_ehr_s_answer_is_nobody_s() -> None:
    """Mix-up (RFC 9700 §4.4): the code goes to the server that the browser was sent to, whoever answered."""
    world = Launching()
    sealed, asked = world.go("https://other.example/fhir")
    world.launches.receive(sealed, {"code": "c", "state": asked["state"]})
    assert [url for url, _ in world.exchange.asked if url.endswith("/token")] == []
    _, mine = world.go()
    with pytest.raises(PermanentError, match="another request"):
        world.launches.receive(sealed, {"code": "c", "state": mine["state"]})
    with pytest.raises(PermanentError, match="another browser"):
        world.launches.receive("", {"code": "c", "state": mine["state"]})


def test_a_server_sends_us_to_no_other_place() -> None:
    world = Launching()
    world.exchange.places["token_endpoint"] = "https://evil.example/token"
    with pytest.raises(PermanentError, match="origins"):
        world.go()


def test_what_was_opened_is_forgotten_after_some_minutes() -> None:
    number = "P1-of-the-ward"  # long enough not to be met by chance in what is sealed
    world = Launching(FakeEhr(fhir={"Patient/p1": patient((MRN, number))}))
    sealed, asked = world.go()
    opened = world.launches.receive(sealed, {"code": "c", "state": asked["state"]})
    assert number not in opened
    assert world.launches.context(opened).patients == (("HOSPITAL", number),)
    world.clock.advance(301)
    with pytest.raises(PermanentError, match="too long"):
        world.launches.context(opened)
