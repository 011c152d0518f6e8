"""Decides which strings with digits may stay: measures, anatomy and clinical scores. Every other number is taken for one that names somebody
(45 CFR 164.514(b)(2)(i)(D) to (R): telephone, record, account, licence, device, address, vehicle and every other unique number), and ages over 89 go.
"""

import re
from collections.abc import Iterator

from wetread.context.deidentify_words import WordClass, word_class

__all__ = ["ages_over_89_in", "contacts_in", "labelled_in", "numbers_in"]

_CONTACTS = (
    ("email", re.compile(r"[\w.+%'-]{1,64}@[\w-]+(?:\.[\w-]+)*|(?<!\w)@\w+", re.UNICODE)),
    ("url", re.compile(r"\b(?:https?|s?ftp|file|dicom|mailto|tel):\S+|\bwww\.\S+|\\\\\S+|\b[A-Za-z]:\\\S+|(?<!\S)~?/(?:[\w.-]+/)+[\w.-]*", re.IGNORECASE)),
    ("url", re.compile(r"(?<![\w.-])(?:[\w-]{1,63}\.){1,6}(?:com|org|net|edu|gov|mil|int|info|io|eu|de|at|ch|uk|us|fr|es|it|nl|pl|se|tr|br|cn|jp|kr|ru|gr|local|lan|internal)\b(?:[:/]\S*)?", re.IGNORECASE)),
    ("ip", re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\w.]?\d)")),
    ("ip", re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![\w:])|(?<![\w:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])", re.IGNORECASE)),
    ("id", re.compile(r"(?<![\w.])\d+(?:\.\d+){3,}(?![\w.])")),
)  # fmt: skip

_LABEL = (
    r"m\.?r\.?n|med(?:ical)?\.? ?rec(?:ord)?s?|urn|hosp(?:ital)?\.? (?:no|nr|number|id)|chart|acc(?:ession)?|acct|account|ssn|social security|nhs|nhi|chi|hicn|medicare|medicaid|insurance|"
    r"policy|passport|licen[cs]e|driver'?s licen[cs]e|plate|badge|serial|s/n|sn|device|imei|pacemaker no|lot|ref(?:erence)?|order|request|bed request|encounter|visit|case|episode|claim|invoice|ticket|"
    r"pat(?:ient)?[ .-]?(?:id|nr|no)|pid|id|ident(?:ification|ifier)?|fall(?:nummer|nr)?|kassennummer|versicherten(?:nummer|nr)|room|rm|bed|ward|bay|cubicle|unit|zimmer|station|bett|floor|apt|suite|"
    r"tel(?:ephone|efon)?|phone|ph|cell|mobile|mobil|handy|fax|pager|bleep|beeper|paged? (?:at|on|to)|ext(?:ension)?|durchwahl|call(?:ed)?(?: (?:back )?(?:at|on))?|reach(?:ed|able)? (?:at|on)|contact(?: (?:at|on))?|ring|dial|"
    r"zip|postcode|postal code|plz|p\.?o\.? ?box|box|ip|uid|study|series|instance|workstation|station id|host|dea|npi|lanr|bsnr|iban|bic|vin"
)  # fmt: skip
_LABELLED = re.compile(
    rf"(?<![\w-])(?:{_LABEL})\b\.?(?:\s?(?:no|nr|num|number|nummer|id|code|address|is|was)\b\.?)?\s?[:#=]{{0,2}}\s?(?=[\w+(#])",
    re.IGNORECASE,
)
_VALUE_PART = re.compile(r"[\w+()#/.-]+")
_FIRST_LETTERS = re.compile(r"[A-Za-z]{1,3}")
_MOST_VALUE_PARTS = 7
_VEHICLE = ("plate", "licen", "driver")
_USER = re.compile(
    r"(?<![\w-])(?:user(?:name)?|login|log-in|logged in (?:as|by)|signed in as|account name|ae ?title|hostname)\s?[:#=]?\s?([\w.\\@-]{2,40})",
    re.IGNORECASE,
)

_AGE = re.compile(
    r"(?<![\w.,/-])(9\d|1[0-3]\d)(?=[ -]?(?:years?|yrs?|y(?:\.?/?o\.?)?|jahre?n?|jährig\w*|j\.|ans|años|anni|anos|jaar|år|lat|yaş\w*|m|f|w)\b(?!/))"
    r"|(?:\bage[sd]?|\balter|\bâge|\bedad)\W{0,3}(?:of |is |von )?(9\d|1[0-3]\d)(?![\w.%])"
    r"|\b(ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|(?:one |a )?hundred(?:[ -](?:and )?\w+)?)(?=[ -]years?\b)"
    r"|\b(nonagenarian|centenarian|supercentenarian|nineties|90s)\b",
    re.IGNORECASE,
)

_UNIT = (
    r"(?:mm|cm|m|km|µm|μm|um|nm|in|inch|inches|feet|ft|mm²|cm²|mm2|cm2|cc|cm3|cm³|mm3|mm³|ml|dl|cl|l|µl|ul|mg|mcg|µg|ug|ng|pg|g|gm|kg|lbs?|oz|fr|french|f|ch|g(?:auge)?|ga|mmol|umol|µmol|nmol|pmol|meq|mosm|iu|miu|u|units?|ie|"
    r"mmhg|cmh2o|h2o|kpa|bar|torr|k?hz|mhz|bpm|/?min|minutes?|mins|sec|seconds?|secs|s|ms|msec|h|hr|hrs|hours?|days?|d|weeks?|wks?|w|months?|mos?|mths?|years?|yrs?|y|yo|y/o|%|percent|‰|°|°c|°f|c|degrees?|deg|kvp?|mas?|m?gy|cgy|m?sv|[mg]bq|mci|hu|suv|"
    r"packs?|pack-years?|pk|py|x|fold|tage?n?|wochen?|monate?n?|jahre?n?|stunden?|min\.|uhr|ans|jours|años|días|k|mio|mrd|th|g/l|cells|copies|puffs?|tabs?|tablets?|drops|doses?|beats|breaths|liters?|litres?|vol|cycles?|fractions?|steps?|blocks?|flights?|views?|images?|pints?|cigarettes?|cigs|drinks?)"
)
_PER = r"(?:\s?/\s?(?:[mµunpd]?[lg]|mm3|mm³|kg|min|h|hr|d|day|dose|hpf|[ckm]?m2|m²|week|wk|24 ?h|µl|ul|x?10\^?\d))?"
_MEASURE = re.compile(
    rf"[<>~≈±=≤≥+-]{{0,2}}\d{{1,6}}(?:[.,]\d{{1,4}})?(?:\s?(?:[-–x×/]|to|bis|by)\s?\d{{1,6}}(?:[.,]\d{{1,4}})?){{0,3}}[ -]?{_UNIT}{_PER}(?![\w])",
    re.IGNORECASE,
)
_SHORT = re.compile(
    r"[<>~≈±=≤≥#(+-]{0,3}\d{1,3}(?:[.,]\d{1,3})?(?:[-–/:x×+]\d{1,3}(?:[.,]\d{1,2})?){0,3}[)+°%!?-]{0,3}"
)
_HEIGHT = re.compile(r"\d'\d{1,2}")
_ZIP_LIKE = re.compile(r"\d{2}-\d{3}")
_SMALL = re.compile(r"\d{1,3}")
_GROUPED = re.compile(r"[<>~]?\d{1,3}(?:[,.' ]\d{3}){1,2}(?:\.\d{1,2})?")
_YEARLIKE = re.compile(r"'?(?:19|20)\d\d(?:s|er|[-–/](?:(?:19|20)?\d\d))?")
_CLINICAL = re.compile(
    r"(?:[TLCS]\d{1,2}(?:[-–/](?:[TLCS]?\d{1,2}))?|(?:th|bwk|hwk|lwk|d)\d{1,2}(?:/\d{1,2})?|[yc]?p?[tnm]\d[a-d]?(?:\(?[a-z]{1,2}\)?)?(?:[nm]\d?x?[a-d]?){0,3}|p?[tnm]x|"
    r"[sp]?[aqcv]?[aio]2|fi?o2|sp?o2|pa?o2|paco2|pco2|etco2|svo2|co2|o2|n2|h2o|no2|hco3|h[0-9]n[0-9]|covid-?19|sars-cov-2|cov-?2|ca-?\d{2,3}(?:-\d)?|cd\d{1,3}\+?|b-?\d{1,2}|il-?\d{1,2}|p53|her2|pd-?l1|"
    r"hba1c|a1c|t[34]|ft[34]|d3|k\d|fev-?1|fvc1|pas2|g\d{1,2}p\d{1,2}(?:[a]?\d{1,2}){0,3}|p\d|a\d|s1q3t3|v[1-6](?:[-–]v?[1-6])?|p[12]|s[1234]|q\d{1,2}(?:-\d{1,2})?h(?:rs?)?|q\d{1,2}[dhw]|x-?\d{1,3}|[×x]\d{1,3}(?:[dwhm]|/\d{1,2})?|"
    r"\d{1,3}x|\d{1,2}(?:st|nd|rd|th|er|ère|º|ª)|[1-4]d|\d{1,3}(?:yo|y/o|yrs?|m|f|y|w|d|h|p|s)|(?:f|tc|ga|in|i|xe|kr|tl|rb|c|lu|y)-?\d{2,3}m?|\d{2,3}m?-?(?:f|tc|ga|i|xe|kr|tl|rb)|fdg-?\d{0,2}|"
    r"asa-?\d|gcs-?\d{1,2}|nyha-?\d|gold-?\d|bi-?rads-?\d[abc]?|lung-?rads-?\d[abcxs]?|ecog-?\d|ps\d|mrc-?\d|stage\d[abc]?|gr(?:ade)?\.?\d|ct\d|mrsa\d|type-?\d|dm[12]|t[12]dm|iddm2|p\d|r\d|l\d|rul\d|\d+/\d+(?:st|th|ths)?|\d\+|h\d|i\d{3}|e-?cig|"
    r"mp3|mp4|dr\d|[0-9]{1,2}(?:fr|f|g|ga|ch)|±\d+|\d{1,2}-\d{1,2}(?:st|nd|rd|th)|\d{1,3}%?-\d{1,3}%)",
    re.IGNORECASE,
)  # fmt: skip
_MEASURED_BEFORE = re.compile(
    r"\b(?:bnp|nt-?probnp|probnp|d-?dimer|troponin|trop|hstnt|ck|ckmb|ldh|ferritin|wbc|wcc|rbc|plt|plts|platelets?|leukocytes|leukozyten|crp|pct|asat|alat|ast|alt|ggt|alp|lipase|amylase|glucose|creatinine|kreatinin|cea|afp|psa|hcg|bhcg|tsh|"
    r"vitamin|viral load|copies|count|titre|titer|index|ei|dap|dose|volume|vol|heparin|index of|hu|suv|weight|height|bp|rr|hr|pulse|map|score|level|exposure index)\W{0,3}(?:of |was |is |at |= ?|: ?|> ?|< ?)?$",
    re.IGNORECASE,
)
_CHUNK = re.compile(r"[^\s;]+")
_EDGES = "\"'“”‘’„,.:;!?()[]{}<>*_|"
_SEQUENCE = re.compile(
    r"(?<![\w.])[+(]{0,2}\d[\d()+./-]*(?:[ -](?:\(?\d[\d()+./-]*|x\d+)){0,8}(?:\s?(?:x|ext\.?)\s?\d+)?"
)
_MOST_LOOSE_DIGITS = 6
_POSTCODE = re.compile(
    r"(?<![\w-])(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2}(?: [A-Z][a-z-]+)?|\d{3} \d{2}|[A-Z]{2} \d{5}(?:-\d{4})?)(?![\w-])"
)
"""British, Canadian, Dutch, Swedish, and American with its state."""


def contacts_in(text: str) -> Iterator[tuple[str, int, int]]:
    """(kind, start, stop) of mail and web addresses, network addresses and UIDs."""
    for kind, pattern in _CONTACTS:
        for match in pattern.finditer(text):
            stop = match.end() - len(match[0]) + len(match[0].rstrip(".,;:)!?'\"")) if kind == "url" else match.end()
            if stop > match.start():
                yield kind, match.start(), stop


def ages_over_89_in(text: str) -> Iterator[tuple[int, int]]:
    """Ages over 89, written in digits or words (45 CFR 164.514(b)(2)(i)(C))."""
    for match in _AGE.finditer(text):
        yield match.span(match.lastindex or 0)


def labelled_in(text: str) -> Iterator[tuple[int, int]]:
    """What stands behind a label such as MRN, room, plate or pager: codes with a digit in them; and any word behind user or login."""
    for match in _LABELLED.finditer(text):
        of_vehicle = match[0].lower().startswith(_VEHICLE)
        start, stop = match.end(), _value_end(text, match.end(), plate=of_vehicle)
        small = text[start:stop].isdigit() and stop - start < 3
        if stop > start and (_is_place_label(match[0]) or not (small or _MEASURE.match(text, start))):
            yield start, stop
    for match in _USER.finditer(text):
        if not match[1].isalpha() or word_class(match[1]) is not WordClass.ORDINARY:
            yield match.span(1)


def _value_end(text: str, start: int, *, plate: bool) -> int:
    """Parts with a digit, and up to three capitals beside one ("54 KI 9791", "V 0680 WW"); `start` where there is no digit."""
    at = stop = start
    for number in range(_MOST_VALUE_PARTS):
        part = _VALUE_PART.match(text, at)
        if part is None:
            break
        has_digit = any(letter.isdigit() for letter in part[0])
        letters = _is_letter_group(part[0], plate=plate)
        if has_digit or (letters and stop > start):
            stop = part.end()
        elif not letters and (number or not _FIRST_LETTERS.fullmatch(part[0])):
            break
        at = part.end() + 1
        if text[part.end() : at] != " ":
            break
    return start + len(text[start:stop].rstrip(".-/ ("))


def _is_letter_group(part: str, *, plate: bool) -> bool:
    short = part.isalpha() and len(part) < 4 and part.isupper()
    return short and (plate or word_class(part) is WordClass.UNKNOWN)


def _is_place_label(label: str) -> bool:
    return label.lower().startswith(
        ("room", "rm", "bed", "bay", "zimmer", "mrn", "acc", "tel", "phone", "fax", "pager")
    )


def numbers_in(text: str) -> Iterator[tuple[int, int]]:
    """Every other number that is no measure, no anatomy and no score."""
    for match in _SEQUENCE.finditer(text):
        digits = sum(letter.isdigit() for letter in match[0])
        if digits > _MOST_LOOSE_DIGITS and not _MEASURE.match(text, match.start()):
            yield match.start(), match.start() + len(match[0].rstrip(" -./("))
    for match in _POSTCODE.finditer(text):
        if not _MEASURE.match(text, match.start()) and not _CLINICAL.fullmatch(match[0]):
            yield match.span()
    for match in _CHUNK.finditer(text):
        start, stop = match.span()
        chunk = match[0]
        if not any(letter.isdigit() for letter in chunk):
            continue
        lead = len(chunk) - len(chunk.lstrip(_EDGES))
        body = chunk.strip(_EDGES)
        start, stop = start + lead, start + lead + len(body)
        if body and not _may_stay(body, text, start):
            yield start, stop


def _may_stay(body: str, text: str, start: int) -> bool:
    if not body.isascii() and any(letter.isdigit() and not letter.isascii() for letter in body):
        return all(letter in "²³½¼¾⁹" for letter in body if letter.isdigit() and not letter.isascii())
    if _ZIP_LIKE.fullmatch(body):
        return False
    if _SHORT.fullmatch(body) or _YEARLIKE.fullmatch(body) or _CLINICAL.fullmatch(body) or _HEIGHT.fullmatch(body):
        return True
    measure = _MEASURE.match(text, start)
    if measure and measure.end() >= start + len(body):
        return True
    if _GROUPED.fullmatch(body) or body.lstrip("<>~").isdigit():
        return len(body) <= 7 and bool(_MEASURED_BEFORE.search(text, max(0, start - 40), start))
    pieces = [piece for piece in re.split(r"[/,;()+=–—-]|(?<=\D)\.(?=\D)|(?<=\d)\.(?=[^\W\d])|\.{2,}", body) if piece]
    return len(pieces) > 1 and all(_piece_may_stay(piece) for piece in pieces)


def _piece_may_stay(piece: str) -> bool:
    """Of "T6/T7", "2cm-nodule", "day-3": each piece by itself."""
    if not any(letter.isdigit() for letter in piece):
        return word_class(piece) is not WordClass.UNKNOWN
    return bool(
        _SHORT.fullmatch(piece) or _CLINICAL.fullmatch(piece) or _YEARLIKE.fullmatch(piece) or _MEASURE.fullmatch(piece)
    )
