"""The end of one of our certificates is told three weeks before, paged three days before, and over with the next one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from neighbours.certificate import make_certificates

from wetread.bootstrap_certificates import certificate_ends, own_certificates
from wetread.domain.alarm import AlarmKind
from wetread.monitoring.certificates import certificates_end
from wetread.monitoring.watch import Watch, WatchedPolicy
from wetread.settings import load_settings
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "pages", "said"),
    [
        (22 * DAY, None, ""),
        (20 * DAY, False, "ends in 20 d 0 h (2026-"),
        (2 * DAY, True, "ends in 2 d 0 h"),
        (-DAY, True, "ended 24 h 0 min ago"),
    ],
)
def test_how_long_before(left: timedelta, pages: bool | None, said: str) -> None:
    found = certificates_end([("dimse_tls", NOON + left), ("hl7_sink", NOON + 365 * DAY)], NOON)
    assert [each.pages for each in found] == ([] if pages is None else [pages])
    assert all(f"the certificate of dimse_tls {said}" in each.message for each in found)


def test_the_watch_reads_it_each_time_and_what_it_cannot_read_is_not_its_to_tell(tmp_path: Path) -> None:
    folder = make_certificates(tmp_path).folder
    file = tmp_path / "ours.pem"
    file.write_bytes((folder / "expired.pem").read_bytes())
    (tmp_path / "broken.pem").write_text("no certificate")
    tls = {"port": 2762, "cert_file": str(file), "client_certificates": "none"}
    listener = {"tls": True, "cert_file": str(tmp_path / "broken.pem")}
    settings = load_settings(None, data_dir=tmp_path, dimse_tls=tls, hl7_listener=listener)
    assert [name for name, _, _ in own_certificates(settings)] == ["dimse_tls", "hl7_listener"]
    database = MemoryDatabase()
    watch = Watch(
        database, lambda _: UTC, lambda: WatchedPolicy("p1", ()), certificates=lambda: certificate_ends(settings)
    )

    def told() -> list[str]:
        watch.run_once(datetime.now(UTC))
        with database.begin(write=False) as unit:
            return [each.alarm_key for each in unit.alarms() if each.kind is AlarmKind.CERTIFICATE_ENDS]

    assert told() == ["certificate_ends/dimse_tls"]
    file.write_bytes((folder / "server.pem").read_bytes())
    assert told() == []
