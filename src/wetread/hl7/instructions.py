"""What a message asks for: ORM^O01 and OMI^O23 (orders), ADT^A01, A04, A08 (patient data), ADT^A40 (merge). Everything else is refused by its name."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from hashlib import sha256

from wetread.domain.finding import Code
from wetread.domain.order import Order, OrderStatus, PatientNumber, Person
from wetread.domain.priority import Priority
from wetread.domain.study import Indication, Sex
from wetread.hl7.parse import Message, MessageRefused, Segment
from wetread.orders.desk import CancelOrders, Instruction, MergePatients, PlaceOrders, UpdatePatient

__all__ = ["HospitalWays", "instruction_of"]

_PLACES, _CANCELS, _SAYS = (
    frozenset({"NW", "XO", "SN", "RO"}),
    frozenset({"CA", "OC", "DC", "CR"}),
    frozenset({"SC", "OK"}),
)
_PRIORITIES = {"S": Priority.STAT, "A": Priority.ASAP, "T": Priority.URGENT, "C": Priority.URGENT, "P": Priority.URGENT}
_SCHEMES = {
    "SCT": "SCT",
    "SNM3": "SCT",
    "SNM": "SCT",
    "I10": "I10",
    "I10C": "I10C",
    "I9C": "I9C",
    "LN": "LN",
    "RADLEX": "RADLEX",
}
_SEXES = {"M": Sex.MALE, "F": Sex.FEMALE, "O": Sex.OTHER, "A": Sex.OTHER}
_TIME = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(?:(\d{2})(?:\.\d{1,4})?)?)?(?:([+-])(\d{2})(\d{2}))?", re.ASCII
)
_LONGEST_TEXT, _MOST_CODES = 4000, 20


@dataclass(frozen=True, slots=True)
class HospitalWays:
    """`issuers`: IssuerOfPatientID, as the films have it, by the assigning authority of HL7 (CX-4); one that is not listed is taken as it is. `zone` is of times that name none."""

    zone: tzinfo = UTC
    issuers: Mapping[str, str] = field(default_factory=dict)
    processing_id: str = "P"


def instruction_of(message: Message, ways: HospitalWays, now: datetime) -> Instruction:
    """Raises MessageRefused; its words quote nothing of the message but its kind."""
    header = message.header
    if not header.control_id:
        raise MessageRefused("the message has no control id (MSH-10)", "101", rejects=True)
    if not header.version.startswith("2."):
        raise MessageRefused("only HL7 version 2 is read here (MSH-12)", "203", rejects=True)
    if header.processing_id != ways.processing_id:
        raise MessageRefused(f"only processing id {ways.processing_id} is taken here (MSH-11)", "202", rejects=True)
    said_at = _moment(header.sent_at, ways.zone) or now
    match header.kind:
        case "ORM^O01" | "OMI^O23":
            return _orders(message, ways, said_at)
        case "ADT^A01" | "ADT^A04" | "ADT^A08":
            _refuse(message, "MRG")
            return UpdatePatient(_person(_only(message, "PID"), ways))
        case "ADT^A40":
            return MergePatients(tuple(_merges(message, ways)))
        case kind if kind.startswith(("ORM^", "OMI^", "ADT^")):
            advice = "; send merges as ADT^A40" if kind.startswith("ADT^") else ""
            raise MessageRefused(f"this event is not taken here{advice}", "201", rejects=True)
    raise MessageRefused("this type of message is not taken here", "200", rejects=True)


def _only(message: Message, name: str) -> Segment:
    found = message.all(name)
    if len(found) != 1:
        raise MessageRefused(f"the message must have exactly one {name}", "100")
    return found[0]


def _refuse(message: Message, name: str) -> None:
    if message.all(name):
        raise MessageRefused(f"the message may have no {name}", "100")


def _person(pid: Segment, ways: HospitalWays) -> Person:
    name = _dicom_name(pid)
    person = Person(_number(pid, 3, ways), name, _day(pid.text(7)), _SEXES.get(pid.text(8).upper(), Sex.UNKNOWN))
    if not person.number.patient_id:
        raise MessageRefused("the patient has no number (PID-3)", "101")
    return person


def _number(segment: Segment, place: int, ways: HospitalWays) -> PatientNumber:
    """Of several the one of a listed authority, else the medical record number, else the first."""
    sent = segment.repetitions(place)
    listed = [each for each in sent if segment.text(place, 4, of=each) in ways.issuers]
    records = [each for each in sent if segment.text(place, 5, of=each) == "MR"]
    chosen = next(iter((*listed, *records, *sent)), "")
    authority = segment.text(place, 4, of=chosen)
    return PatientNumber(segment.text(place, of=chosen)[:64], ways.issuers.get(authority, authority)[:64])


def _dicom_name(pid: Segment) -> str:
    """XPN has suffix before prefix, DICOM prefix before suffix (PS3.5 §6.2.1)."""
    family, given, middle, suffix, prefix = (_part(pid.text(5, number)) for number in range(1, 6))
    return "^".join((family, given, middle, prefix, suffix)).rstrip("^")


def _part(text: str) -> str:
    return re.sub(r"[\^=\\\s]+", " ", text)[:64].strip()


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text[:8]).strftime("%Y%m%d") if re.match(r"\d{8}", text, re.ASCII) else ""
    except ValueError:
        return ""


def _moment(text: str, zone: tzinfo) -> datetime | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, sign, zone_h, zone_min = found.groups()
    offset = timedelta(hours=int(zone_h), minutes=int(zone_min)) if sign else timedelta()
    try:
        here = timezone(-offset if sign == "-" else offset) if sign else zone
        return datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=here
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _merges(message: Message, ways: HospitalWays) -> Iterator[tuple[PatientNumber, PatientNumber]]:
    """(prior, surviving) of each pair of PID and MRG, which must take turns."""
    turns = [each for each in message.segments if each.name in ("PID", "MRG")]
    if not turns or len(turns) % 2 or any(each.name != ("PID", "MRG")[number % 2] for number, each in enumerate(turns)):
        raise MessageRefused("a merge is a PID followed by its MRG", "100")
    for pid, mrg in zip(turns[::2], turns[1::2], strict=True):
        surviving, prior = _person(pid, ways).number, _number(mrg, 1, ways)
        if not prior.patient_id or prior == surviving:
            raise MessageRefused("a merge needs two different patient numbers (PID-3, MRG-1)", "101")
        if len(mrg.repetitions(1)) > 1:
            raise MessageRefused(
                "a merge of several numbers in one MRG is not taken here: send one A40 for each", "103"
            )
        yield prior, surviving


def _orders(message: Message, ways: HospitalWays, said_at: datetime) -> Instruction:
    _refuse(message, "MRG")
    person, groups = _person(_only(message, "PID"), ways), list(_groups(message))
    if not groups:
        raise MessageRefused("an order begins with ORC", "100")
    controls = {group[0].text(1) for group in groups}
    placing = controls <= _PLACES | _SAYS
    if not (placing or controls <= _CANCELS):
        raise MessageRefused("this order control (ORC-1) is not taken here, or not together with another", "103")
    status = OrderStatus.ACTIVE if placing else OrderStatus.CANCELLED
    orders = tuple(_order(group, person, status, said_at) for group in groups if group[0].text(1) not in _SAYS)
    return PlaceOrders(orders) if placing else CancelOrders(orders)


def _groups(message: Message) -> Iterator[list[Segment]]:
    """Each ORC with what follows it; the patient comes before the first."""
    group: list[Segment] = []
    for each in message.segments:
        if each.name == "ORC":
            if group:
                yield group
            group = [each]
        elif group:
            if each.name == "PID":
                raise MessageRefused("the patient stands before the first order", "100")
            group.append(each)
    if group:
        yield group


def _order(group: list[Segment], person: Person, status: OrderStatus, said_at: datetime) -> Order:
    orc, obr = group[0], _first(group, "OBR")
    placer, filler = orc.text(2) or (obr.text(2) if obr else ""), orc.text(3) or (obr.text(3) if obr else "")
    ipc = _first(group, "IPC")
    accession = (ipc.text(1) if ipc else "") or (obr.text(18) if obr else "") or filler
    number = ("placer", placer, orc.text(2, 2)) if placer else ("filler", filler, orc.text(3, 2))
    if not number[1] or (status is OrderStatus.ACTIVE and not (accession and obr)):
        raise MessageRefused("an order needs its number (ORC-2 or ORC-3), its accession number and an OBR", "101")
    key = sha256("\0".join(number).encode()).hexdigest()[:32]
    return Order(
        key,
        accession[:64],
        person,
        said_at,
        status,
        _priority(group, orc, obr),
        _indication(group, obr),
        _procedure(obr),
    )


def _first(group: list[Segment], name: str) -> Segment | None:
    return next((each for each in group if each.name == name), None)


def _priority(group: list[Segment], orc: Segment, obr: Segment | None) -> Priority:
    """TQ1-9, or the timing fields of before 2.5 (component 6), or OBR-5: table 0485."""
    tq1 = _first(group, "TQ1")
    said = [tq1.text(9) if tq1 else "", orc.text(7, 6), *((obr.text(27, 6), obr.text(5)) if obr else ())]
    return next((_PRIORITIES[each[:1]] for each in said if each[:1] in _PRIORITIES), Priority.ROUTINE)


def _indication(group: list[Segment], obr: Segment | None) -> Indication:
    """The reason for the study (OBR-31), clinical information (OBR-13), diagnoses (DG1) and notes to the order, each once; codes of terminologies that everybody can look up."""
    texts: list[str] = []
    codes: list[Code] = []
    if obr:
        for each in obr.repetitions(31):
            _said(obr, 31, each, texts, codes)
        texts.append(obr.whole(13))
    for segment in group:
        if segment.name == "DG1":
            _said(segment, 3, segment.fields[3] if len(segment.fields) > 3 else "", texts, codes)
            texts.append(segment.text(4))
        if segment.name == "NTE":
            texts.append(segment.whole(3))
    text = "\n".join(dict.fromkeys(filter(None, texts)))[:_LONGEST_TEXT]
    return Indication(text, tuple(dict.fromkeys(codes))[:_MOST_CODES])


def _said(segment: Segment, place: int, sent: str, texts: list[str], codes: list[Code]) -> None:
    value, meaning, scheme = (segment.text(place, number, of=sent) for number in (1, 2, 3))
    texts.append(meaning or ("" if scheme else value))
    if value and scheme in _SCHEMES:
        codes.append(Code(value[:16], _SCHEMES[scheme], meaning[:64] or value[:16]))


def _procedure(obr: Segment | None) -> Code | None:
    if obr is None or not obr.text(4):
        return None
    return Code(obr.text(4)[:64], obr.text(4, 3)[:16] or "L", obr.text(4, 2)[:64])
