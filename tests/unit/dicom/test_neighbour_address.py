"""Where a neighbour is: its address, or the one that its name stands for."""

from typing import Any

import pytest

from wetread.dicom.neighbour_address import NeighbourAddress


class Resolver:
    def __init__(self, *told: str) -> None:
        self.told, self.asked, self.now_s = told, 0, 0.0

    def __call__(self, host: str, port: None) -> list[Any]:
        self.asked += 1
        if not self.told:
            raise OSError("no such name")
        return [(None, kind, 6, "", (each, 0)) for each in self.told for kind in (1, 2)]

    def of(self, host: str) -> NeighbourAddress:
        return NeighbourAddress(host, self, lambda: self.now_s)


@pytest.mark.parametrize(
    ("host", "address"), [("10.0.0.7", "10.0.0.7"), ("::ffff:10.0.0.7", "10.0.0.7"), ("::1", "::1")]
)
def test_an_address_is_asked_of_nobody(host: str, address: str) -> None:
    resolver = Resolver()
    assert resolver.of(host)() == address
    assert resolver.asked == 0


def test_a_name_is_looked_up_once_a_minute() -> None:
    resolver = Resolver("10.0.0.7")
    place = resolver.of("pacs")
    assert (place(), place(), resolver.asked) == ("10.0.0.7", "10.0.0.7", 1)
    resolver.told, resolver.now_s = ("10.0.0.8",), 59
    assert place() == "10.0.0.7"
    resolver.now_s = 60
    assert place() == "10.0.0.8"


@pytest.mark.parametrize("told", [(), ("10.0.0.7", "10.0.0.8")])
def test_what_is_not_known_is_not_said(told: tuple[str, ...]) -> None:
    assert Resolver(*told).of("pacs")() == ""
