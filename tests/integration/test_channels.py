"""What is particular to one channel: TLS without a way round it, logins, signatures, one FHIR resource however often it is sent, one HL7 patient."""

import socket
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from hmac import new
from pathlib import Path

import pytest
from builders_pages import KEY, OTHER_KEY, PATIENT, SENT_AT, a_page, with_identity
from hl7apy.parser import parse_message
from neighbours.certificate import Certificates, make_certificates
from neighbours.fhir_server import FhirServer, fhir_server
from neighbours.receivers import dripping_port, http_receiver, mllp_listener, smtp_server

from wetread.channels.bounded import BoundedNotifier
from wetread.channels.http import HttpPeer, HttpPoster
from wetread.channels.ping import DeadMansPing
from wetread.channels.slack import SlackNotifier, to_blocks
from wetread.channels.smtp import SmtpNotifier, SmtpServer
from wetread.channels.teams import TeamsNotifier
from wetread.channels.webhook import WebhookNotifier
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.page import PageMessage, PagePatient
from wetread.fhir.communication import FhirNotifier
from wetread.hl7.mllp import MllpPeer
from wetread.hl7.oru_page import Hl7Notifier, OruHeader
from wetread.ports.notifier import Notifier

RAW_KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + b64encode(RAW_KEY).decode()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def fhir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    with fhir_server(tmp_path_factory.mktemp("fhir")) as server:
        yield server


def mail(server: SmtpServer) -> SmtpNotifier:
    return SmtpNotifier("mail", server, "pager@hospital.example")


def hook(url: str, ca_file: Path | None = None, *, allow_http: bool = False) -> WebhookNotifier:
    return WebhookNotifier("hook", HttpPeer(url, 60.0, ca_file, allow_http), SECRET, lambda: SENT_AT)


def hl7(port: int, *, tls: bool = False, ca_file: Path | None = None, timeout_s: float = 60.0) -> Hl7Notifier:
    peer = MllpPeer("127.0.0.1", port, tls, timeout_s, ca_file)
    return Hl7Notifier("ris", peer, OruHeader("north", "EHR", "HOSP"), carries_phi=True)


def send(notifier: Notifier, page: PageMessage | None = None, address: str = "lee@example.org", key: str = KEY) -> str:
    return notifier.send(page or a_page(), address, key)


def test_a_mail_server_without_starttls_gets_no_mail(certificates: Certificates) -> None:
    """No fall-back to clear text."""
    with smtp_server() as receiver:
        with pytest.raises(PermanentError) as caught:
            send(mail(SmtpServer("127.0.0.1", receiver.port, ca_file=certificates.trusted)))
        assert receiver.arrivals == []
    assert caught.value.code == "tls_failed"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_server_whose_certificate_is_not_trusted_gets_no_mail(certificates: Certificates, security: str) -> None:
    for context, ca_file in ((certificates.stranger(), certificates.trusted), (certificates.server(), None)):
        with smtp_server(**{"starttls" if security == "starttls" else "tls": context}) as receiver:
            with pytest.raises(PermanentError) as caught:
                send(mail(SmtpServer("127.0.0.1", receiver.port, security, ca_file=ca_file)))  # type: ignore[arg-type]
            assert receiver.arrivals == []
        assert caught.value.code == "tls_failed"


def test_http_and_hl7_receivers_whose_certificate_is_not_trusted_get_nothing(certificates: Certificates) -> None:
    for context, ca_file in ((certificates.stranger(), certificates.trusted), (certificates.server(), None)):
        with http_receiver(context) as web, mllp_listener(context) as ris:
            url = f"https://127.0.0.1:{web.port}/"
            for notifier in (hook(url, ca_file), hl7(ris.port, tls=True, ca_file=ca_file)):
                with pytest.raises(PermanentError) as caught:
                    send(notifier, with_identity() if notifier.carries_phi else a_page())
                assert caught.value.code == "tls_failed"
            assert web.arrivals == ris.arrivals == []


def test_a_login_is_used_under_tls_and_a_wrong_one_needs_a_person(certificates: Certificates) -> None:
    with smtp_server(certificates.server(), login=True) as receiver:
        server = SmtpServer("127.0.0.1", receiver.port, "starttls", "pager", "right", ca_file=certificates.trusted)
        assert send(mail(server))
        with pytest.raises(PermanentError) as caught:
            send(mail(replace(server, password="wrong")))
        assert len(receiver.arrivals) == 1
    assert "check user and password" in str(caught.value)
    assert "wrong" not in str(caught.value) + repr(server)
    with pytest.raises(PermanentError):
        mail(replace(server, security="none"))


def test_a_mail_says_that_a_machine_wrote_it_and_how_urgent_it_is() -> None:
    with smtp_server() as receiver:
        receipt = send(mail(SmtpServer("127.0.0.1", receiver.port, "none")))
        (arrived,) = receiver.arrivals
    assert arrived["Subject"] == "[STAT] Pneumothorax, 3 min old"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["Message-ID"] == f"<{KEY}@wetread.hospital.example>"
    assert arrived["Date"].datetime == SENT_AT
    assert KEY in receipt


def test_a_webhook_can_be_verified_with_the_standard_alone() -> None:
    """The signature over 'id.timestamp.body' as a receiver computes it, here without our code."""
    with http_receiver() as receiver:
        send(hook(f"http://127.0.0.1:{receiver.port}/"))
        headers, fields, body = receiver.arrivals[0]
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = new(RAW_KEY, said, sha256).digest()
    version, _, given = headers["webhook-signature"].partition(",")
    assert (version, b64decode(given)) == ("v1", mac)
    assert int(headers["webhook-timestamp"]) == int(SENT_AT.timestamp())
    assert (fields["type"], fields["data"]["to"], fields["data"]["step"]) == ("wetread.page", "lee@example.org", 1)
    assert fields["data"]["patient"] is None


def test_a_webhook_secret_that_is_none_is_refused_when_it_is_read() -> None:
    for secret in ("", "whsec_", "whsec_" + b64encode(b"short").decode(), "not base64!"):
        with pytest.raises(PermanentError) as caught:
            WebhookNotifier("hook", HttpPeer("https://example.org/"), secret, lambda: SENT_AT)
        assert not secret[6:] or secret[6:] not in str(caught.value)


def test_a_redirect_is_not_followed_and_a_wish_to_wait_is_passed_on() -> None:
    with http_receiver() as receiver:
        notifier = hook(f"http://127.0.0.1:{receiver.port}/?token=s3cret")
        receiver.mode = "redirect"
        with pytest.raises(PermanentError) as refused:
            send(notifier)
        receiver.mode = "slow down"
        with pytest.raises(TransientError) as busy:
            send(notifier)
        assert receiver.arrivals == []
    assert "not followed" in str(refused.value)
    assert "asks for 7 s" in str(busy.value)


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "http://127.0.0.1.example.org/", "file:///etc/passwd", "", "https://", "https://[bad"],
)
def test_a_channel_without_tls_is_refused_unless_it_stays_on_this_machine(url: str) -> None:
    with pytest.raises(PermanentError):
        HttpPeer(url)
    for good in ("http://127.0.0.1:1/", "http://localhost/", "http://[::1]:2/", "https://example.org/"):
        assert good not in repr(HttpPeer(good))
    assert HttpPeer("http://example.org/", allow_http=True)


def test_a_mail_server_that_is_not_there_is_told_in_words() -> None:
    with socket.socket() as taken:  # bound but never listening: nobody else gets this port
        taken.bind(("127.0.0.1", 0))
        notifier = mail(SmtpServer("127.0.0.1", taken.getsockname()[1], "none", timeout_s=1.0))
        with pytest.raises(TransientError, match="nobody listens there") as caught:
            send(notifier, with_identity() if notifier.carries_phi else a_page())
    assert caught.value.code == "receiver_unreachable"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_receiver_that_answers_byte_by_byte_for_ever_is_given_up_in_time() -> None:
    with dripping_port() as port:
        unbounded = (
            mail(SmtpServer("127.0.0.1", port, "none", timeout_s=1.0)),
            hook(f"http://127.0.0.1:{port}/"),
            hl7(port, timeout_s=0.3),
        )
        for notifier in unbounded:
            with pytest.raises(TransientError) as caught:
                send(BoundedNotifier(notifier, 0.5), with_identity() if notifier.carries_phi else a_page())
            assert caught.value.code in ("receiver_timeout", "receiver_unreachable")


def test_a_channel_that_breaks_is_an_answer_too() -> None:
    """So that the next channel is tried; the fault's own words, which may hold anything, stay out."""

    class Broken:
        name, carries_phi = "broken", False

        def send(self, message: PageMessage, address: str, key: str) -> str:
            raise KeyError("Zephyrine")

    with pytest.raises(PermanentError, match=r"broke \(KeyError\)$"):
        send(BoundedNotifier(Broken(), 5.0))


def test_the_ping_is_heard_or_an_error() -> None:
    with http_receiver() as watcher:
        ping = DeadMansPing(HttpPeer(f"http://127.0.0.1:{watcher.port}/uuid"))
        ping.ping()
        assert [body for _, _, body in watcher.arrivals] == [b""]
        watcher.mode = "busy"
        with pytest.raises(TransientError):
            ping.ping()


@pytest.mark.real
def test_a_page_is_one_fhir_resource_however_often_it_is_sent(fhir: FhirServer) -> None:
    """Validated against the R4 profiles by the server, hostile text included."""
    notifier = FhirNotifier("ehr", HttpPoster(HttpPeer(f"{fhir.url}Communication")), carries_phi=True)
    page = with_identity(a_page("<b>\x00🫁|, $", "a\\b|c\r\nd"))
    receipts = [send(notifier, page, "Practitioner/12", key) for key in (KEY, KEY, OTHER_KEY)]
    assert [each.split()[1] for each in receipts] == ["created", "known", "created"]
    resource, _ = sorted(fhir.search("Communication?category=alert"), key=lambda each: str(each["identifier"]))
    assert resource["subject"] == {
        "type": "Patient",
        "identifier": {
            "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
            "system": "urn:wetread:mrn:HOSP",
            "value": "PAT-7731",
        },
        "display": "Quill Zephyrine",
    }
    assert resource["about"] == [
        {"type": "ImagingStudy", "identifier": {"system": "urn:dicom:uid", "value": "urn:oid:2.25.424242"}}
    ]
    assert (resource["status"], resource["priority"]) == ("completed", "stat")
    assert resource["recipient"] == [{"reference": "Practitioner/12"}]


@pytest.mark.real
def test_a_fhir_page_on_an_unmarked_channel_names_no_patient_and_no_study(fhir: FhirServer) -> None:
    notifier = FhirNotifier("ehr", HttpPoster(HttpPeer(f"{fhir.url}Communication")))
    send(notifier, a_page(), "urn:oid:1.2.3|dr-lee", "a third key")
    (resource,) = fhir.search("Communication?identifier=urn:wetread:page|a%20third%20key")
    assert not {"subject", "about", "encounter"} & resource.keys()
    assert resource["recipient"] == [{"identifier": {"system": "urn:oid:1.2.3", "value": "dr-lee"}}]


def test_an_hl7_page_is_read_by_another_parser_as_it_was_meant() -> None:
    person = replace(PATIENT, patient_id="A|B^C&D~E\\F", patient_name="Quill^Zephyrine^M^Dr^III=x", patient_sex="?")
    with mllp_listener() as receiver:
        receipt = send(hl7(receiver.port), replace(a_page("a|b"), patient=person), "dr-lee")
        (text,) = receiver.arrivals
    parsed = parse_message(text)
    patient = parsed.oru_r01_patient_result.oru_r01_patient.pid
    assert unescaped(patient.pid_3.pid_3_1.to_er7()) == person.patient_id
    assert patient.pid_5.to_er7() == "Quill^Zephyrine^M^III^Dr"
    assert patient.pid_8.value == "U"
    order = parsed.oru_r01_patient_result.oru_r01_order_observation
    assert (order.obr.obr_3.to_er7(), order.obr.obr_25.value, order.obr.obr_28.to_er7()) == ("ACC-9914", "P", "dr-lee")
    said = order.oru_r01_observation[0].obx
    assert (said.obx_2.value, said.obx_8.value, said.obx_11.value) == ("FT", "AA", "P")
    assert text.split("\r")[3].split("|")[5].startswith("a\\F\\b\\.br\\Called by the model")
    assert parsed.msh.msh_18.value == "UNICODE UTF-8"
    assert parsed.msh.msh_7.value == "20260304050607+0000"
    assert len(parsed.msh.msh_10.value) == 20
    assert parsed.msh.msh_10.value in receipt


def unescaped(text: str) -> str:
    for escape, character in (("\\F\\", "|"), ("\\S\\", "^"), ("\\T\\", "&"), ("\\R\\", "~"), ("\\E\\", "\\")):
        text = text.replace(escape, character)
    return text


def test_an_hl7_answer_to_another_message_is_none() -> None:
    with mllp_listener() as receiver:
        receiver.mode = "stranger"
        with pytest.raises(TransientError) as caught:
            send(hl7(receiver.port), with_identity())
    assert caught.value.code == "unconfirmed"


def test_a_page_without_a_patient_is_no_hl7_result() -> None:
    with mllp_listener() as receiver:
        for page in (a_page(), replace(a_page(), patient=replace(PATIENT, patient_id=" "))):
            with pytest.raises(PermanentError) as caught:
                send(hl7(receiver.port), page)
            assert caught.value.code == "no_patient"
        assert receiver.arrivals == []


def test_slack_gets_no_link_that_is_none() -> None:
    with http_receiver() as receiver:
        notifier = SlackNotifier("chat", HttpPeer(f"http://127.0.0.1:{receiver.port}/"))
        with pytest.raises(PermanentError):
            send(notifier, replace(a_page(), link="javascript:alert(1)"), "here")
        assert send(notifier, a_page(), "here")
        (_, fields, _) = receiver.arrivals[0]
    assert fields["blocks"][2]["text"]["text"] == "<!here> <https://wetread.example/studies/k1|Open in wetread>"
    kinds = [each["text"]["type"] for each in fields["blocks"][:2]]
    assert kinds == ["plain_text", "plain_text"]


@pytest.mark.parametrize("text", ["🫁" * 100_000, "\x07" * 100_000, "ab " * 100_000, "\\|" * 100_000])
def test_chat_messages_stay_within_what_the_services_take(text: str) -> None:
    """Slack: 150 characters in a header, 3,000 in a section. Teams: 28 KB in all."""
    person = PagePatient(*["N" * 300] * 7)
    page = replace(a_page(text, text), patient=person, site=text)
    blocks = to_blocks(page, "here", KEY)["blocks"]
    assert isinstance(blocks, list)
    assert len(blocks[0]["text"]["text"]) <= 150
    assert len(blocks[1]["text"]["text"]) <= 3000
    with http_receiver() as receiver:
        send(TeamsNotifier("chat", HttpPeer(f"http://127.0.0.1:{receiver.port}/"), carries_phi=True), page)
        (_, fields, body) = receiver.arrivals[0]
    assert len(body) <= 28_000
    assert fields["attachments"][0]["content"]["msteams"]["entities"][0]["mentioned"]["id"] == "lee@example.org"
