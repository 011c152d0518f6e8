"""Tasks that ask for a read are all looked at, however many wait."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hl7_messages import orm
from tests.order_world import OrderHouse

from wetread.domain.asked_task import AskedTask, TaskStatus
from wetread.domain.priority import Priority
from wetread.orders.asked_tasks import TaskDesk
from wetread.orders.read_requests import RequestDesk


def test_however_many_tasks_wait_for_a_signature_or_a_film_the_next_one_is_looked_at(tmp_path: Path) -> None:
    house = OrderHouse(tmp_path)
    assert house.say(orm())[0] == "AA"
    (order,) = house.store.orders_of("ACC001")
    now = house.clock.now()
    waits = AskedTask("", "Task/1", order.order_key, Priority.ROUTINE, "fhir", now, now + timedelta(days=1))
    waits = replace(waits, told=waits.status)
    with house.database.begin() as unit:
        for number in range(501):
            unit.save_task(replace(waits, task_key=f"t{number:03}"))
        unit.save_task(replace(waits, task_key="t999", order_key="one that is not there"))
        unit.commit()
    requests = RequestDesk(house.database, house.clock)
    desk = TaskDesk(house.database, house.vault, house.store, requests, house.clock)
    assert [(each.task_key, each.status) for each in desk.advance()] == [("t999", TaskStatus.CANCELLED)]
