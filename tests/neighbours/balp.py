"""What the profiles of IHE's Basic Audit Log Patterns 1.1 ask of an AuditEvent, by their names: cardinalities, fixed codes, slices by type."""

from typing import Any

__all__ = ["balp_errors"]

_SHAPE = {
    "Create": ("C", "create", "110153", "110152"),
    "Read": ("R", "read", "110152", "110153"),
    "Update": ("U", "update", "110153", "110152"),
    "Delete": ("D", "delete", "110150", "custodian"),
    "Query": ("E", "search-type", "110153", "110152"),
}


def balp_errors(event: dict[str, Any], profile: str) -> list[str]:
    """`profile` as `PatientRead`."""
    action, interaction, client, server = _SHAPE[profile.removeprefix("Patient")]
    users = [each for each in event["agent"] if each["requestor"]]
    entities = event["entity"]
    subject = [each for each in entities if each["type"]["code"] == "2"]
    patients = [each for each in entities if each["type"]["code"] == "1"]
    user_types = ("IRCP",) if profile.endswith(("Read", "Query")) else ("AUT", "INF", "CST")
    rules = {
        "type is rest": event["type"]["code"] == "rest",
        "the interaction": interaction in [each["code"] for each in event["subtype"]],
        "delete has one subtype": action != "D" or len(event["subtype"]) == 1,
        "action": event["action"] == action,
        "outcome": event["outcome"] == "0",
        "recorded": bool(event["recorded"]),
        "client 1..1": len(_machines(event, client)) == 1,
        "server 1..1": len(_machines(event, server)) == 1,
        "user 0..1, of the right type": [each["type"]["coding"][0]["code"] in user_types for each in users] == [True],
        "users are no network devices": not any("network" in each or "media" in each for each in users),
        "data or query 1..1": len(subject) == 1,
        "patient 1..1": len(patients) == (1 if profile.startswith("Patient") else 0),
        "patient is one": all(each["what"] and each["role"]["code"] == "1" for each in patients),
    }
    if profile.endswith("Query"):
        rules["query"] = [(each["role"]["code"], bool(each["query"])) for each in subject] == [("24", True)]
        rules["nothing else of the query"] = not any({"what", "detail", "lifecycle"} & each.keys() for each in subject)
    else:
        rules["data"] = all(each["role"]["code"] in ("3", "4", "20") and each["what"] for each in subject)
        rules["no detail of the data"] = action != "D" or not any("detail" in each for each in (*subject, *patients))
    return [rule for rule, holds in rules.items() if not holds]


def _machines(event: dict[str, Any], role: str) -> list[dict[str, Any]]:
    named = [each for each in event["agent"] if each["type"]["coding"][0]["code"] == role and not each["requestor"]]
    return [each for each in named if each["who"] and each["network"] and "media" not in each]
