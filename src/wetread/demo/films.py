"""The demo's films: phantoms made on the spot, and two public NEMA test films that the PyPI package pydicom-data ships: a chest, and an ankle to be refused."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

__all__ = ["demo_films", "public_films"]

_PUBLIC_FILMS = ("RG1_UNCR.dcm", "RG3_UNCR.dcm")


def demo_films(folder: Path, count: int, seed: int) -> Iterator[Path]:
    """Make films one by one, so that the first can travel while the next is exposed."""
    from wetread.testing.phantom import demo_cohort, uids_from_seed, write_dicom

    folder.mkdir(parents=True, exist_ok=True)
    for number, spec in enumerate(demo_cohort(count, seed)):
        path = folder / f"film-{number:03d}.dcm"
        write_dicom(spec, path, uids_from_seed(spec.seed), datetime.now(UTC))
        yield path
        if number == 1:
            yield from public_films()


def public_films() -> tuple[Path, ...]:
    """The test films of the installed pydicom-data package (its import name is data_store); empty where it is not installed."""
    package = find_spec("data_store")
    if package is None or not package.submodule_search_locations:
        return ()
    data = Path(package.submodule_search_locations[0]) / "data"
    return tuple(data / name for name in _PUBLIC_FILMS if (data / name).is_file())
