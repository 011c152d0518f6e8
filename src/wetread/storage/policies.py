"""Saved triage policies, a row each. Their text is written once; an index holds that one decides at most."""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.policy_version import PolicyState, PolicyVersion
from wetread.storage import schema
from wetread.storage.codec import encode
from wetread.storage.transaction import Transaction

__all__ = ["PolicyRows"]

_T = schema.triage_policies.c
_ADD = insert(schema.triage_policies)
_SAVE = _ADD.on_conflict_do_update(
    index_elements=["number"],
    set_={"state": _ADD.excluded.state, "body": _ADD.excluded.body},
    where=_T.sha256 == _ADD.excluded.sha256,
)
_ALL = select(_T.body).order_by(_T.number.desc()).limit(bindparam("most"))
_ONE = select(_T.body).where(_T.number == bindparam("of"))
_ACTIVE = select(_T.body).where(_T.state == PolicyState.ACTIVE.value)


class PolicyRows(Transaction):
    def save_policy(self, version: PolicyVersion) -> None:
        row = {
            "number": version.number,
            "state": version.state.value,
            "sha256": version.sha256,
            "body": encode(version),
        }
        self._write(_SAVE, row)

    def policy(self, number: int) -> PolicyVersion | None:
        return self._one(PolicyVersion, _ONE, {"of": number})

    def policies(self, limit: int = 50) -> tuple[PolicyVersion, ...]:
        return self._all(PolicyVersion, _ALL, {"most": limit})

    def active_policy(self) -> PolicyVersion | None:
        return self._one(PolicyVersion, _ACTIVE)
