"""A receiver that is down is left alone for a while, and tried with one delivery."""

import pytest
from builders_delivery import a_package

from wetread.delivery.breaker import Breaker
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.testing.sinks import RecordingSink


class Watch:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def fails(breaker: Breaker) -> str:
    with pytest.raises(WetreadError) as caught:
        breaker.deliver(a_package())
    return caught.value.code


def test_after_three_failures_in_a_row_it_rests_twice_as_long_each_time() -> None:
    sink, watch = RecordingSink(down=True), Watch()
    breaker = Breaker(sink, watch)
    assert [fails(breaker) for _ in range(5)] == ["receiver_unreachable"] * 3 + ["receiver_resting"] * 2
    for rest_s in (15, 30, 60, 120, 240, 300, 300):
        tried = sink.attempts
        watch.now_s += rest_s - 0.1
        assert fails(breaker) == "receiver_resting"
        watch.now_s += 0.2
        assert fails(breaker) == "receiver_unreachable"
        assert sink.attempts == tried + 1


def test_one_delivery_that_arrives_ends_it() -> None:
    sink, watch = RecordingSink(down=True), Watch()
    breaker = Breaker(sink, watch)
    for _ in range(3):
        fails(breaker)
    sink.down, watch.now_s = False, 15.1
    assert breaker.deliver(a_package()) == "recorded"
    sink.down = True
    assert [fails(breaker) for _ in range(4)] == ["receiver_unreachable"] * 3 + ["receiver_resting"]


def test_a_refusal_is_an_answer() -> None:
    sink = RecordingSink(refuses=True)
    breaker = Breaker(sink, Watch())
    for _ in range(5):
        with pytest.raises(PermanentError):
            breaker.deliver(a_package())
    assert sink.attempts == 5


def test_it_is_called_what_its_sink_is_called() -> None:
    assert Breaker(RecordingSink("hl7")).name == "hl7"
    with pytest.raises(TransientError):
        Breaker(RecordingSink(down=True)).deliver(a_package())
