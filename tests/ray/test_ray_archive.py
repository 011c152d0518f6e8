"""An archive read by Ray's readers has the rows that a folder has, read by processes."""

import pytest
from tests.integration.test_batch_archive import RUN, World, has_the_rows_of_the_folder, quiet, run, world

__all__ = ["quiet", "world"]  # fixtures

pytestmark = pytest.mark.real


def test_the_rows_are_those_of_the_local_engine(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = run(world.place, f"{RUN}-by-ray --engine ray --workers 1", capsys)
    assert status == 0, said
    has_the_rows_of_the_folder(world.place / "first-half-by-ray")
    assert sorted(world.front.retrieved()) == sorted(world.uids)
