"""HL7 v2 messages of a hospital, with every value to be changed."""

PID = "PID|1||{number}^^^{authority}^MR||{name}||{birth_date}|{sex}"


def msh(kind: str, control_id: str, **changes: str) -> str:
    said = {
        "version": "2.5.1",
        "charset": "UNICODE UTF-8",
        "sent_at": "20261129120000+0000",
        "processing": "P",
        "accept": "",
    } | changes
    return f"MSH|^~\\&|RIS|HOSP|WETREAD|MAIN|{said['sent_at']}||{kind}|{control_id}|{said['processing']}|{said['version']}|||{said['accept']}|||{said['charset']}"


def pid(**changes: str) -> str:
    known = {"number": "PAT001", "authority": "HOSPITAL", "name": "Doe^Jane", "birth_date": "19700102", "sex": "F"}
    return PID.format(**known | changes)


def message(*lines: str) -> bytes:
    return "".join(f"{line}\r" for line in lines).encode()


def orm(
    control_id: str = "C1", *, control: str = "NW", accession: str = "ACC001", priority: str = "R", reason: str = "R05^Cough^I10",
    notes: str = "since 3 weeks", order: str = "P100", header: dict[str, str] | None = None, **patient: str,
) -> bytes:  # fmt: skip
    obr = {
        1: "1",
        2: f"{order}^RIS",
        3: accession,
        4: "30745-4^XR Chest^LN",
        18: accession,
        27: f"^^^^^{priority}",
        31: reason,
    }
    return message(
        msh("ORM^O01^ORM_O01", control_id, **(header or {})),
        pid(**patient),
        "PV1|1|I|WARD^3^2",
        f"ORC|{control}|{order}^RIS|{accession}||||^^^^^{priority}",
        "|".join(["OBR", *(obr.get(place, "") for place in range(1, 32))]),
        f"NTE|1||{notes}",
    )


def adt(
    event: str = "A08", control_id: str = "C1", *more: str, header: dict[str, str] | None = None, **patient: str
) -> bytes:
    return message(msh(f"ADT^{event}^ADT_A01", control_id, **(header or {})), "EVN||20261129", pid(**patient), *more)


def merge(prior: str, surviving: str, control_id: str = "C1", authority: str = "HOSPITAL") -> bytes:
    return message(
        msh("ADT^A40^ADT_A39", control_id),
        "EVN|A40|20261129",
        pid(number=surviving, authority=authority),
        f"MRG|{prior}^^^{authority}^MR",
    )
