"""Orders that the hospital told us, as FHIR ServiceRequests to read and search; audited with the study that is for them, where one is here (https://hl7.org/fhir/R4/servicerequest.html)."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from starlette.responses import Response

from wetread.domain.identifiers import StudyKey
from wetread.domain.order import Order
from wetread.domain.role import Act
from wetread.ports.issued import Resource
from wetread.ports.order_store import OrderStore
from wetread.ports.vault import Search
from wetread.web.fhir_search import ORDER_SEARCH, Asked, matches
from wetread.web.fhir_view import (
    FORMAT,
    MEDIA_TYPE,
    asked_version,
    audit_looks,
    outcome_from,
    said,
    said_unless_held,
    searchset,
)
from wetread.web.operations import Call, Operation, Query
from wetread.web.problems import Refusal
from wetread.web.reach import within

__all__ = ["FHIR_ORDER_OPERATIONS", "read_order", "search_orders"]

_CONTROL = frozenset({"_count", "_format", "page"})
_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MOST_STUDIES = 100
_SLICE, _MOST_ORDERS = 500, 5000
"""Orders looked at for one page: a search that finds little goes on with the next page."""
_EVER = datetime.max.replace(tzinfo=UTC)


def read_order(call: Call) -> Response:
    asked_version(call)
    order = _store(call).order(call.path["order_key"])
    studies = _studies(call, order) if order else None
    if order is None or studies is None:
        raise Refusal(404, "no_resource", "no such order was told here")
    resource = _resource(call, order)
    audit_looks(call, "fhir.read", studies, "ServiceRequest")
    return said_unless_held(call, resource)


def search_orders(call: Call) -> Response:
    asked_version(call)
    given, count = _asked(call), call.asked_number("_count", 20, 100)
    asked = Asked("ServiceRequest", given)
    found: list[Resource] = []
    studies: list[StudyKey] = []
    next_page = last = ""
    for number, order in enumerate(_candidates(call, given), 1):
        resource = _resource(call, order)
        if matches(resource, {}, asked) and (under := _studies(call, order)) is not None:
            if len(found) == count:
                next_page = last
                break
            found.append(resource)
            studies += under
        last = order.order_key
        if number == _MOST_ORDERS:
            next_page = last
            break
    audit_looks(call, "fhir.search", list(dict.fromkeys(studies)), "ServiceRequest")
    bundle = searchset(call, "ServiceRequest", found, next_page)
    if not next_page and "page" not in dict(call.query):
        bundle["total"] = len(found)
    return said(call, bundle)


def _store(call: Call) -> OrderStore:
    store = call.house.services.order_store
    if store is None or call.house.services.fhir is None:
        raise Refusal(404, "not_served", "orders are not served here")
    return store


def _resource(call: Call, order: Order) -> Resource:
    forms = call.house.services.fhir
    if forms is None:
        raise Refusal(404, "not_served", "FHIR is not served here")
    return forms.of_order(order)


def _studies(call: Call, order: Order) -> Sequence[StudyKey] | None:
    """That are here under its accession number. None: not there for the caller, whose sites its study is not of; an order has a site by its study alone."""
    keys = _under(call, order.accession_number)
    reached = within(call, keys)
    return None if call.signed_in.actor.sites and not reached else [each for each in keys if each in reached]


def _under(call: Call, accession_number: str) -> list[StudyKey]:
    """A number that would be a pattern for the search has none."""
    if not accession_number or set("*?\\") & set(accession_number):
        return []
    query = Search({"AccessionNumber": accession_number}, _MOST_STUDIES)
    return [each.study_key for each in call.house.services.vault.unnamed.search_studies(query)]


def _asked(call: Call) -> dict[str, str]:
    """Each parameter once. Raises Refusal: what is not served would give more than was asked for."""
    given = dict(call.query)
    known = ORDER_SEARCH.keys() | _CONTROL
    if given.keys() - known or len(given) != len(call.query):
        raise Refusal(400, "query_misfit", f"search by {', '.join(sorted(known))}, once each, without modifiers")
    values = {name: value for name, value in given.items() if name in ORDER_SEARCH}
    if any(not value or "," in value for value in values.values()):
        raise Refusal(400, "query_misfit", "one value each")
    if not _KEY.fullmatch(given.get("page", "0" * 32)):
        raise Refusal(400, "query_misfit", "page comes from the link of another page")
    return values


def _candidates(call: Call, given: dict[str, str]) -> Iterator[Order]:
    """By the store's indexes where one of the values has one, else all; in order of their keys, behind the page before."""
    store, after = _store(call), dict(call.query).get("page", "")
    accession = given.get("accession", given.get("identifier", "")).rpartition("|")[2]
    if "_id" in given:
        one = store.order(given["_id"])
        yield from (each for each in (one,) if each is not None and each.order_key > after)
    elif accession:
        ordered = sorted(store.orders_of(accession), key=lambda each: each.order_key)
        yield from (each for each in ordered if each.order_key > after)
    else:
        while batch := store.orders_before(_EVER, after=after, limit=_SLICE):
            yield from batch
            after = batch[-1].order_key


_SEARCH = (
    *(Query(name, "search parameter") for name in sorted(ORDER_SEARCH)),
    Query("_count", "at most this many, up to 100"),
    Query("page", "from a link of another page"),
    FORMAT,
)

FHIR_ORDER_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/fhir/ServiceRequest", "fhir_order_search", "FHIR R4: search the orders that the hospital told. Audited.", search_orders, "Bundle, searchset", slow=True, act=Act.READ_STUDY, query=_SEARCH, media_type=MEDIA_TYPE, refusal=outcome_from),
    Operation("GET", "/fhir/ServiceRequest/{order_key}", "fhir_order_read", "FHIR R4: one order that the hospital told. Audited.", read_order, "ServiceRequest", act=Act.READ_STUDY, query=(FORMAT,), media_type=MEDIA_TYPE, refusal=outcome_from),
)  # fmt: skip
