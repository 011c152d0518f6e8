"""A house whose decoding processes do not start: films stay with their senders, readiness says so, the watch pages, and the next film ends it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from migrated import data_folder
from tests.films import film

from wetread.bootstrap import Core, build_core, build_reception, build_web
from wetread.bootstrap_watch import build_watch
from wetread.dicom.limits import Limits
from wetread.dicom.sandbox import Sandbox
from wetread.domain.alarm import AlarmKind
from wetread.ingest.outcome import Outcome
from wetread.settings import load_settings

pytestmark = pytest.mark.real


@pytest.fixture
def core(tmp_path: Path) -> Core:
    folder = tmp_path / "house"
    data_folder(folder)
    return build_core(load_settings(None, data_dir=folder))


def test_what_no_process_can_look_at_is_paged_and_over_with_the_next_film(core: Core) -> None:
    with Sandbox(children=1, limits=replace(Limits(), start_wall_s=0.0001)) as standing:
        assert _received(core, standing) is Outcome.UNAVAILABLE
        assert build_web(core, standing).probes["decoder"]() == "no decoding process can be started: films are refused"
    (told,) = _alarms(core)
    assert "decoder has not answered as it should for 16 min, so films are refused and stay with their senders" in told
    with Sandbox(children=1) as works:
        assert _received(core, works) is Outcome.STORED
        assert build_web(core, works).probes["decoder"]() == ""
    assert _alarms(core) == []
    core.database.close()
    core.vault.close()


def _received(core: Core, sandbox: Sandbox) -> Outcome:
    with core.files.receive() as incoming:
        incoming.write(film(3))
        (outcome,) = build_reception(core, sandbox).receive([incoming], "modality")
    return outcome.outcome


def _alarms(core: Core) -> list[str]:
    """What the watch says of it in a quarter of an hour."""
    found = build_watch(core).look(core.clock.now() + timedelta(minutes=16)).silences
    return [each.message for each in found if each.kind is AlarmKind.NEIGHBOUR_STANDS]
