"""What the DIMSE door offers to whom (PS3.8 §9.3.3, PS3.7 §D.3.3.4): storage to those who may store, query and retrieve to those who may query."""

from dataclasses import dataclass
from functools import cache

from pynetdicom import AllStoragePresentationContexts, build_context
from pynetdicom.presentation import PresentationContext

from wetread.dicom.commitment_message import COMMITMENT
from wetread.dicom.query_retrieve import MODELS
from wetread.dicom.transfer_syntax import TRANSFER_SYNTAXES

__all__ = ["Services", "SharedContexts", "contexts_for"]

_VERIFICATION = "1.2.840.10008.1.1"
_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


@dataclass(frozen=True, slots=True)
class Services:
    """What a caller may have."""

    stores: bool
    queries: bool
    reports: bool = False
    """May tell us what it has committed."""


class SharedContexts(list[PresentationContext]):
    """Never changed, so never copied: pynetdicom would copy all of them deeply, 60 ms of CPU, for each connection."""

    def __deepcopy__(self, memo: object) -> "SharedContexts":
        return self


@cache
def contexts_for(services: Services) -> SharedContexts:
    """Every storage SOP class in every transfer syntax that we can store; uncompressed first, where a sender leaves the choice to us.

    For a C-GET the querier is the storage SCP; who may not store may have no other role.
    """
    preferred = [_EXPLICIT, *(uid for uid in TRANSFER_SYNTAXES if uid not in (_EXPLICIT, _IMPLICIT)), _IMPLICIT]
    storage = [build_context(each.abstract_syntax, preferred) for each in AllStoragePresentationContexts]
    models: list[PresentationContext] = []
    if services.queries:
        models = [build_context(each, [_EXPLICIT, _IMPLICIT]) for kind in MODELS.values() for each in kind]
        for each in storage:
            each.scu_role, each.scp_role = services.stores, True
    if services.stores or services.reports:
        commitment = build_context(COMMITMENT, [_EXPLICIT, _IMPLICIT])
        commitment.scu_role, commitment.scp_role = services.stores, services.reports
        models.append(commitment)
    return SharedContexts([build_context(_VERIFICATION, [_EXPLICIT, _IMPLICIT]), *models, *storage])
