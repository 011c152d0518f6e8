"""One house of signed studies, built once and copied for each file of tests."""

import shutil
from pathlib import Path

import pytest
from tests.unit.cli.signed_house import open_house

from wetread.bootstrap import Core, build_core
from wetread.settings import load_settings


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    core = open_house(folder, 30)
    core.database.close()  # a connection left to be collected takes its -wal file away while the house is copied
    core.vault.close()
    return folder


@pytest.fixture(scope="module")
def house(built: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Core]:
    folder = tmp_path_factory.mktemp("houses") / "house"
    shutil.copytree(built, folder)
    return folder, build_core(load_settings(None, data_dir=folder))
