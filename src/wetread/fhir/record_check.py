"""Does the record server answer us, kind by kind? Asked for a patient that no server has, so that nobody's record is read."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import WetreadError
from wetread.fhir.bounded_http import Budget
from wetread.fhir.record_server import RecordServer

__all__ = ["check_record"]

_NOBODY = "wetread-nobody"


def check_record(
    server: RecordServer, kinds: Iterable[RecordKind], budget: Callable[[], Budget]
) -> Iterator[tuple[str, str]]:
    """(what was asked, "" or what is wrong), the search for patients first."""

    def find_nobody() -> None:
        server.find("Patient", {"identifier": f"urn:{_NOBODY}|{_NOBODY}"}, budget())

    def read_nobody(kind: RecordKind) -> None:
        next(server.pages(kind.value, {"patient": f"Patient/{_NOBODY}", "_count": "1"}, budget()))

    yield "Patient", _problem(find_nobody)
    for kind in kinds:
        yield kind.value, _problem(partial(read_nobody, kind))


def _problem(ask: Callable[[], None]) -> str:
    try:
        ask()
    except WetreadError as error:
        return str(error)
    return ""
