"""An order goes when nothing waits for it any more, and not before."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hl7_messages import orm
from tests.order_world import OrderHouse, a_film

from wetread.domain.asked_task import AskedTask, TaskStatus
from wetread.domain.priority import Priority
from wetread.orders.retention import OrderRetention


@pytest.fixture
def house(tmp_path: Path) -> OrderHouse:
    home = OrderHouse(tmp_path)
    assert home.say(orm())[0] == "AA"
    return home


def purged(house: OrderHouse, days: int = 30) -> int:
    """After 400 days, with what is older than `days`."""
    house.clock.advance(400 * 86400)
    now = house.clock.now()
    return OrderRetention(house.database, house.vault, house.store, house.clock).purge(now - timedelta(days=days))


def kept(house: OrderHouse) -> int:
    return len(house.store.orders_of("ACC001"))


def test_an_order_whose_film_never_came_goes_and_its_message_is_forgotten(house: OrderHouse) -> None:
    (before,) = house.store.orders_of("ACC001")
    assert (purged(house), kept(house)) == (1, 0)
    (event,) = (each.event for each in house.database.audit_records() if each.event.action == "orders.purge")
    assert dict(event.detail) == {"orders": "1", "answers": "1"}
    assert before.accession_number not in repr(event)
    assert purged(house) == 0


def test_a_younger_one_stays(house: OrderHouse) -> None:
    assert (purged(house, days=1000), kept(house)) == (0, 1)


def test_an_order_stays_while_its_film_is_not_reported(house: OrderHouse) -> None:
    key = house.receive(a_film())
    house.work()
    assert (purged(house), kept(house)) == (0, 1)
    house.sign(key)
    house.work()
    assert (purged(house), kept(house)) == (1, 0)


def test_an_order_stays_while_somebody_must_still_look(house: OrderHouse) -> None:
    house.receive(a_film(PatientID="PAT002", PatientName="Roe^Mary", PatientBirthDate="19500505"))
    house.work()
    assert (purged(house), kept(house)) == (0, 1)


def test_an_order_stays_while_a_task_asks_about_it(house: OrderHouse) -> None:
    (order,) = house.store.orders_of("ACC001")
    now = house.clock.now()
    task = AskedTask("t1", "Task/1", order.order_key, Priority.ROUTINE, "fhir", now, now)
    for status, gone in ((TaskStatus.REQUESTED, 0), (TaskStatus.FAILED, 1)):
        with house.database.begin() as unit:
            unit.save_task(replace(task, status=TaskStatus.FAILED, told=status))
            unit.commit()
        assert purged(house) == gone


def test_what_a_sender_may_repeat_is_never_forgotten(house: OrderHouse) -> None:
    keep = OrderRetention(house.database, house.vault, house.store, house.clock)
    (order,) = house.store.orders_of("ACC001")
    keep.purge(order.said_at + timedelta(seconds=1))
    assert kept(house) == 0
    assert house.say(orm()) == ("AA", "")
    assert kept(house) == 0
