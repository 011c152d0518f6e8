"""F8: the archive that gets the reports is down, slow, resets within the body or takes and never answers (the proxy before a real Orthanc), then comes back: the backlog drains, once each."""

import time
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

from neighbours.orthanc import orthanc
from pydicom import dcmread

from tests.films import film
from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, soak_house
from tests.soak.proxy import Network, network

__all__ = ["TITLE", "run"]

TITLE = "receiver down, slow, resetting or deaf, then back"
_FAULTS: dict[str, dict[str, object]] = {
    "down": {"down": True},
    "slow (2 s a piece)": {"delay_s": 2.0},
    "reset within the body": {"reset_after": 5_000},
    "takes it and never answers": {"deaf": True},
}
_REPORTS, _HURT_S = 2, 6.0


def run(book: Book, folder: Path) -> None:
    with ExitStack() as held:
        archive = held.enter_context(orthanc(folder / "orthanc"))
        between = held.enter_context(network(archive.http_port))
        house = held.enter_context(soak_house(folder, STOW_SINK_URL=f"http://127.0.0.1:{between.port}/dicom-web"))
        for at, (point, fault) in enumerate(_FAULTS.items()):
            for number in book.missing(point, 20):
                with book.trial(point) as trial:
                    between.heal()
                    studies = _signed(trial, house, between, fault, 110_000 + 1000 * at + _REPORTS * number)
                    files = [dcmread(BytesIO(archive.file(uid))) for uid in archive.sop_instance_uids()]
                    of = [
                        [each.StudyInstanceUID for each in files if each.Modality == "SR"].count(uid) for uid in studies
                    ]
                    trial.lost, trial.doubled = of.count(0), sum(each - 1 for each in of if each > 1)
        with book.trial("the record after all of them") as trial:
            house.check_record(trial)


def _signed(trial: Trial, house: SoakHouse, between: Network, fault: dict[str, object], first: int) -> list[str]:
    """Sign while the fault lasts; the studies, once the network is whole again and all are delivered."""
    before = set(house.states())
    trial.promised = house.store_films(first, _REPORTS)
    with house.workers():
        house.await_new(before, "drafted", _REPORTS, 120)
        between.suffer(fault)
        for key in set(house.states()) - before:
            house.sign(key)
        time.sleep(_HURT_S)
        between.heal()
        trial.seconds = house.await_new(before, "delivered", _REPORTS, 240)
    headers = [dcmread(BytesIO(film(first + n)), stop_before_pixels=True) for n in range(_REPORTS)]
    return [str(each.StudyInstanceUID) for each in headers]
