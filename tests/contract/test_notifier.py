"""Every channel keeps the same promises: the twin, and each real adapter against a real receiver."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from builders_pages import CANARIES, KEY, OTHER_KEY, SENT_AT, a_page, with_identity
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from neighbours.certificate import Certificates, make_certificates
from neighbours.process import free_port
from neighbours.receivers import Receiver, hanging_up_port, http_receiver, mllp_listener, silent_port, smtp_server

from wetread.channels.http import HttpPeer, HttpPoster
from wetread.channels.slack import SlackNotifier
from wetread.channels.sms_gateway import SmsForm, SmsNotifier
from wetread.channels.smtp import SmtpNotifier, SmtpServer
from wetread.channels.teams import TeamsNotifier
from wetread.channels.webhook import WebhookNotifier
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.page import PageMessage
from wetread.fhir.communication import FhirNotifier
from wetread.hl7.mllp import MllpPeer
from wetread.hl7.oru_page import Hl7Notifier, OruHeader
from wetread.ports.notifier import Notifier
from wetread.testing.notifiers import MemoryNotifier

SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()
UNSAID = (*CANARIES, "s3cret", "example.org", "+491701234567", "Practitioner/12", "U0123ABCD", "dr-lee", "0.97")

HOSTILE = {
    "mail header": "x\r\nBCC: evil@example.org\r\n\r\n.\r\nMAIL FROM:<evil@example.org>",
    "mail dots": "\n.\n..\n.\r\nQUIT\r\n",
    "emoji": "🫁" * 40 + " é ü ß Ω",
    "very long": "A" * 100_000,
    "long words": "tension " * 5_000,
    "hl7 delimiters": "a|b^c~d\\e&f \\X0D\\ \\.br\\ \rOBX|9|ST|evil",
    "hl7 frame": "\x1c\r\x0bMSH|^~\\&|EVIL",
    "html": "<script>alert(1)</script><at>all</at> &amp; </at>",
    "mrkdwn": "<!channel> <https://evil.example|click> *bold* [click](https://evil.example)",
    "json": '"}, "to": "evil", {"',
    "form": "x&to=evil&text=evil%26to=evil",
    "controls": "a\x00b\x07c\x85d\u2028e\u202ef\ud800g\ufeff",
    "nothing": "",
}


class Twin:
    """The twin as receiver: what it was given is what arrived."""

    def __init__(self) -> None:
        self.notifiers: list[MemoryNotifier] = []

    def make(self, port: int, carries_phi: bool) -> Notifier:
        notifier = MemoryNotifier(carries_phi=carries_phi, down=0 if port else 1)
        self.notifiers.append(notifier)
        return notifier

    @property
    def arrivals(self) -> list[Any]:
        return [each for notifier in self.notifiers for each in notifier.sent]


@dataclass
class Case:
    """How to make the channel for a port, to whom it sends, and how its receiver reads an arrival: key, text and shape (its structure without any text)."""

    make: Callable[[int, bool], Notifier]
    receiver: Receiver
    address: str
    key: Callable[[Any], str]
    text: Callable[[Any], str]
    shape: Callable[[Any], object]
    needs_phi: bool = False
    may_carry_phi: bool = True
    addresses: tuple[str, ...] = field(default=())

    def page(self, title: str = "Pneumothorax", body: str = "Called by the model at 0.97.") -> PageMessage:
        return with_identity(a_page(title, body)) if self.needs_phi else a_page(title, body)

    def notifier(self, port: int | None = None) -> Notifier:
        return self.make(self.receiver.port if port is None else port, self.needs_phi)


def patience_s(port: int, receiver: Receiver) -> float:
    """A receiver has the time that it takes on a loaded machine; at another port nobody will ever answer."""
    return 60.0 if port == receiver.port else 0.3


def mail(security: Literal["starttls", "tls", "none"]) -> Callable[[ExitStack, Certificates], Case]:
    def opened(stack: ExitStack, certificates: Certificates) -> Case:
        tls = {"starttls": {"starttls": certificates.server()}, "tls": {"tls": certificates.server()}, "none": {}}
        receiver = stack.enter_context(smtp_server(**tls[security]))

        def make(port: int, phi: bool) -> Notifier:
            server = SmtpServer(
                "127.0.0.1", port, security, timeout_s=patience_s(port, receiver), ca_file=certificates.trusted
            )
            return SmtpNotifier("mail", server, "pager@hospital.example", carries_phi=phi)

        return Case(
            make,
            receiver,
            "dr-lee@example.org",
            key=lambda mail: str(mail["Message-ID"]),
            text=lambda mail: f"{mail['Subject']}\n{mail.get_content()}",
            shape=lambda mail: (sorted(mail.keys()), mail["To"], mail["X-Envelope-To"], mail.get_content_type()),
        )

    return opened


def over_http(
    build: Callable[[str, HttpPeer, bool], Notifier], address: str, **rest: Any
) -> Callable[[ExitStack, Certificates], Case]:
    def opened(stack: ExitStack, certificates: Certificates) -> Case:
        receiver = stack.enter_context(http_receiver(certificates.server()))

        def make(port: int, phi: bool) -> Notifier:
            url = f"https://127.0.0.1:{port}/hook/s3cret?token=s3cret"
            return build("hook", HttpPeer(url, patience_s(port, receiver), certificates.trusted), phi)

        return Case(
            make,
            receiver,
            address,
            key=rest.pop("key", lambda arrival: arrival[0]["Idempotency-Key"]),
            text=lambda arrival: "\n".join(texts(arrival[1])),
            shape=lambda arrival: shape(arrival[1]),
            **rest,
        )

    return opened


def hl7(stack: ExitStack, certificates: Certificates) -> Case:
    receiver = stack.enter_context(mllp_listener(certificates.server()))

    def make(port: int, phi: bool) -> Notifier:
        peer = MllpPeer("127.0.0.1", port, tls=True, timeout_s=patience_s(port, receiver), ca_file=certificates.trusted)
        return Hl7Notifier("ris", peer, OruHeader("north", "EHR", "HOSP"), carries_phi=phi)

    return Case(
        make,
        receiver,
        "dr-lee",
        key=lambda text: str(text.split("\r")[0].split("|")[9]),
        text=lambda text: str(text).replace("\\.br\\", "\n"),
        shape=hl7_shape,
        needs_phi=True,
    )


def hl7_shape(text: str) -> object:
    """Segments and their count of fields and components, after a second parser has found it valid (but for OBX-5, where it takes FT for a short ST)."""
    lines = [line.split("|") for line in text.split("\r")]
    short = "\r".join(
        "|".join([*line[:5], line[5][:199], *line[6:]]) if line[0] == "OBX" else "|".join(line) for line in lines
    )
    parsed = parse_message(short, validation_level=VALIDATION_LEVEL.STRICT)
    assert parsed.validate()
    return [[(field.count("^"), field.count("~")) for field in line.split("|")] for line in text.split("\r")[1:]]


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


def shape(value: object) -> object:
    """JSON without its texts."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__


def twin(stack: ExitStack, certificates: Certificates) -> Case:
    made = Twin()
    receiver = Receiver(port=1)
    receiver.arrivals = made.arrivals

    def make(port: int, phi: bool) -> Notifier:
        mode = receiver.mode if port == receiver.port else "down"
        notifier = MemoryNotifier(
            carries_phi=phi, down=mode in ("down", "busy"), refusals=mode == "refuse", deaf=mode == "deaf"
        )
        notifier.sent = receiver.arrivals
        return notifier

    return Case(
        make,
        receiver,
        "dr-lee",
        key=lambda arrival: str(arrival[2]),
        text=lambda arrival: f"{arrival[0].title}\n{arrival[0].body}\n{arrival[0].link}\n{arrival[0].patient}",
        shape=lambda arrival: len(arrival),
    )


CASES = {
    "twin": twin,
    "mail in clear": mail("none"),
    "mail starttls": mail("starttls"),
    "mail tls": mail("tls"),
    "webhook": over_http(
        lambda name, peer, phi: WebhookNotifier(name, peer, SECRET, lambda: SENT_AT, carries_phi=phi), "dr-lee"
    ),
    "sms form": over_http(
        lambda name, peer, phi: SmsNotifier(name, peer, SmsForm(), "Bearer s3cret"),
        "+49 170 1234567",
        may_carry_phi=False,
    ),
    "sms json": over_http(
        lambda name, peer, phi: SmsNotifier(name, peer, SmsForm("json", "dest", "msg", "ref", {"from": "wetread"})),
        "+491701234567",
        may_carry_phi=False,
    ),
    "slack": over_http(lambda name, peer, phi: SlackNotifier(name, peer, carries_phi=phi), "U0123ABCD"),
    "teams": over_http(lambda name, peer, phi: TeamsNotifier(name, peer, carries_phi=phi), "lee@example.org"),
    "fhir": over_http(
        lambda name, peer, phi: FhirNotifier(name, HttpPoster(peer), authorization="Bearer s3cret", carries_phi=phi),
        "Practitioner/12",
        key=lambda arrival: arrival[0]["If-None-Exist"],
    ),
    "hl7": hl7,
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", params=CASES)
def opened(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[Case]:
    with ExitStack() as stack:
        yield CASES[request.param](stack, certificates)


@pytest.fixture
def case(opened: Case) -> Case:
    opened.receiver.mode = "accept"
    opened.receiver.arrivals.clear()
    return opened


def says_nothing(error: Exception, *more: str) -> bool:
    return not any(each in str(error) for each in (*UNSAID, *more)) and not error.__cause__


def test_a_page_that_was_taken_has_a_receipt(case: Case) -> None:
    receipt = case.notifier().send(case.page(), case.address, KEY)
    assert receipt
    assert not any(each in receipt for each in UNSAID)
    (arrival,) = case.receiver.arrivals
    assert "Pneumothorax" in case.text(arrival)
    assert "https://wetread.example/studies/k1" in case.text(arrival)


def test_a_receiver_can_know_a_repeated_page(case: Case) -> None:
    for key in (KEY, KEY, OTHER_KEY):
        case.notifier().send(case.page(), case.address, key)
    first, repeated, other = map(case.key, case.receiver.arrivals)
    assert first == repeated != other


def test_a_page_taken_by_a_receiver_that_dies_before_it_answers_is_tried_again(case: Case) -> None:
    case.receiver.mode = "deaf"
    with pytest.raises(TransientError):
        case.notifier().send(case.page(), case.address, KEY)
    case.receiver.mode = "accept"
    case.notifier().send(case.page(), case.address, KEY)
    first, second = map(case.key, case.receiver.arrivals)
    assert first == second


def test_a_busy_receiver_is_tried_again_later(case: Case) -> None:
    case.receiver.mode = "busy"
    with pytest.raises(TransientError) as caught:
        case.notifier().send(case.page(), case.address, KEY)
    assert caught.value.code in ("receiver_busy", "receiver_unreachable")
    assert says_nothing(caught.value)
    assert case.receiver.arrivals == []


def test_a_receiver_that_is_down_hangs_up_or_is_silent_is_given_up_in_time(case: Case) -> None:
    with silent_port() as silent, hanging_up_port() as hanging_up:
        for port in (free_port(), hanging_up, silent):
            with pytest.raises(TransientError) as caught:
                case.notifier(port).send(case.page(), case.address, KEY)
            assert says_nothing(caught.value, str(port))


def test_a_refusal_needs_a_person(case: Case) -> None:
    case.receiver.mode = "refuse"
    with pytest.raises(PermanentError) as caught:
        case.notifier().send(case.page(), case.address, KEY)
    assert says_nothing(caught.value)
    assert caught.value.code == "page_refused"


def test_a_very_long_answer_is_an_answer(case: Case) -> None:
    """And leaves nothing behind that the next page stumbles over."""
    case.receiver.mode = "loud"
    notifier = case.notifier()
    assert notifier.send(case.page(), case.address, KEY) == notifier.send(case.page(), case.address, KEY)
    assert len(case.receiver.arrivals) == 2


def test_identity_is_refused_where_the_channel_is_not_marked_for_it(case: Case) -> None:
    if case.needs_phi:
        with pytest.raises(PermanentError):
            case.make(case.receiver.port, False)
        return
    with pytest.raises(PermanentError) as caught:
        case.notifier().send(with_identity(), case.address, KEY)
    assert caught.value.code == "phi_in_channel"
    assert says_nothing(caught.value)
    assert case.receiver.arrivals == []


def test_identity_travels_where_the_channel_is_marked_for_it_and_in_no_receipt(case: Case) -> None:
    if not case.may_carry_phi:
        return
    receipt = case.make(case.receiver.port, True).send(with_identity(), case.address, KEY)
    assert not any(each in receipt for each in UNSAID)
    assert "PAT-7731" in case.text(case.receiver.arrivals[0])


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_changes_the_structure(case: Case, text: str) -> None:
    notifier = case.notifier()
    for page in (case.page(), case.page(title=text or " "), case.page(body=text or " ")):
        notifier.send(page, case.address, KEY)
    plain, *hostile = map(case.shape, case.receiver.arrivals)
    assert hostile == [plain, plain]


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBCC: evil@example.org",
        "a@b.example, evil@example.org",
        "<!channel>",
        "12|x\rOBX|1",
        "\x00",
        "x" * 999,
    ],
)
def test_no_address_changes_the_structure(case: Case, address: str) -> None:
    """It is refused in words that do not repeat it, or stays where an address belongs."""
    notifier = case.notifier()
    notifier.send(case.page(), case.address, KEY)
    try:
        notifier.send(case.page(), address, KEY)
        refused = ""
    except PermanentError as error:
        refused = f"{error.code}: {error}"
    plain, *hostile = map(case.shape, case.receiver.arrivals)
    assert hostile == ([] if refused else [plain])
    assert address not in refused
    assert not refused or refused.startswith("bad_address")


def test_no_control_character_reaches_a_receiver(case: Case) -> None:
    if isinstance(case.notifier(), MemoryNotifier):
        return
    case.notifier().send(case.page(body=HOSTILE["controls"]), case.address, KEY)
    text = case.text(case.receiver.arrivals[0])
    assert text.encode()
    assert not any(each in text for each in "\x00\x07\x85")
