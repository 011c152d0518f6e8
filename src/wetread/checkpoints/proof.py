"""One record under one checkpoint, in a file that anybody can check without us: the record, the path to the root, the signed note."""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import tee
from typing import Any

from wetread.checkpoints.note import Checkpoint, read_note
from wetread.domain.audit import AuditEvent, AuditRecord, record_hash
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.merkle import inclusion_path, leaf_hash, root_of_path
from wetread.domain.strict_json import read_strict_json
from wetread.governance.audit_table import audit_head

__all__ = ["check_proof", "prove"]

_MOST_HASHES, _DEEPEST = 64, 4


def prove(records: Iterable[AuditRecord], sequence: int, checkpoint: Checkpoint, note: str) -> str:
    """JSON. `records` from the first on. Raises PermanentError(code='no_proof') where the log has no such record or is not that of the checkpoint."""
    walked, kept = tee(records)
    leaves = (leaf_hash(each.hash) for each in walked)
    try:
        path = inclusion_path(leaves, sequence - 1, checkpoint.size)
    except ValueError as error:
        raise PermanentError(f"record {sequence} cannot be proved: {error}", code="no_proof") from error
    record = next(each for each in kept if each.sequence == sequence)
    if root_of_path(leaf_hash(record.hash), sequence - 1, checkpoint.size, path) != checkpoint.root:
        raise PermanentError(
            "the log is not the one that this checkpoint covers: run `wetread audit verify`", code="no_proof"
        )
    return json.dumps(
        {"record": _document(record), "path": [each.hex() for each in path], "checkpoint": note},
        indent=1,
        sort_keys=True,
    )


def _document(record: AuditRecord) -> dict[str, object]:
    facts = [list(each) for each in record.event.detail]
    return {**audit_head(record), "detail": facts, "previous_hash": record.previous_hash}


def check_proof(data: bytes, public_key: bytes) -> tuple[AuditRecord, Checkpoint]:
    """The record and the checkpoint it is under. Raises PermanentError (code 'bad_proof', 'bad_checkpoint') for anything that does not hold."""
    try:
        proof: Any = read_strict_json(data, max_depth=_DEEPEST)
        record = _record(proof["record"])
        path = [bytes.fromhex(each) for each in proof["path"]][:_MOST_HASHES]
        checkpoint = read_note(proof["checkpoint"], public_key)
        root = root_of_path(leaf_hash(record.hash), record.sequence - 1, checkpoint.size, path)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PermanentError("this is no proof that we wrote", code="bad_proof") from error
    if root != checkpoint.root:
        raise PermanentError("the record is not under this checkpoint: one of them was changed", code="bad_proof")
    return record, checkpoint


def _record(document: Any) -> AuditRecord:
    """With the hash that its content has, whatever the file says."""
    study = document["study_key"]
    event = AuditEvent(
        str(document["action"]),
        str(document["actor_id"]),
        str(document["outcome"]),
        None if study is None else StudyKey(str(study)),
        tuple((str(name), str(value)) for name, value in document["detail"]),
    )
    sequence, at = int(str(document["sequence"])), datetime.fromisoformat(str(document["recorded_at"]))
    previous = str(document["previous_hash"])
    return AuditRecord(sequence, at, event, previous, record_hash(sequence, at, event, previous))
