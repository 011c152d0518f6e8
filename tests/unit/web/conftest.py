"""A door over twins, with one account of each role."""

from collections.abc import Iterator

import pytest
from builders_web import Browser, World, a_world, open_door


@pytest.fixture
def world() -> World:
    return a_world()


@pytest.fixture
def door(world: World) -> Iterator[Browser]:
    """Nobody is signed in yet: `door.as_("radiologist")` signs one in."""
    with open_door(world) as browser:
        yield browser
