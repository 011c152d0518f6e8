"""What a run reads: folders and manifests, and the list of them on disk."""

import os
from pathlib import Path

import polars as pl
import pytest

from wetread.batch.film_list import FilmList, FolderSource, ListedFilm, source_of
from wetread.batch.manifest import ManifestSource
from wetread.domain.errors import PermanentError


def manifest(tmp_path: Path, text: str) -> ManifestSource:
    (tmp_path / "m.csv").write_text(text)
    return ManifestSource(tmp_path / "m.csv")


def test_a_folder_is_listed_folder_by_folder_each_by_name(tmp_path: Path) -> None:
    for name in ("b/2.dcm", "b/10.dcm", "a/z.dcm", "c.dcm", "b/a/1.dcm"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    (tmp_path / "again").symlink_to(tmp_path)
    listed = [each.path for each in FolderSource(tmp_path).films()]
    assert listed == ["c.dcm", "a/z.dcm", "b/10.dcm", "b/2.dcm", "b/a/1.dcm"]


@pytest.mark.parametrize("name", ["no", "no.csv"])
def test_what_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(PermanentError, match="not there") as told:
        source_of(tmp_path / name)
    assert told.value.code == "bad_source"


def test_a_file_that_is_no_table_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "film.dcm").touch()
    with pytest.raises(PermanentError, match=r"\.csv or \.parquet"):
        source_of(tmp_path / "film.dcm")


def test_the_list_says_the_same_again(tmp_path: Path) -> None:
    films = [
        ListedFilm("Döe/ü.dcm", "s1", {"site": "north"}, {"mass": "positive"}),
        ListedFilm(os.fsdecode(b"b\xff.dcm")),
    ]
    kept = FilmList(tmp_path / "list")
    assert kept.write(iter(films)) == 2
    assert list(kept.numbered()) == [(1, films[0]), (2, films[1])]
    assert kept.write(iter(())) == 0


def test_a_manifest_gives_names_groups_and_labels(tmp_path: Path) -> None:
    source = manifest(
        tmp_path, "file,study,patient,site,effusion,remark\na/1.dcm, s1 ,p1,north,Positive,x\n2.dcm,s2,,,,y\n"
    )
    assert source.root == tmp_path
    assert source.groups == ("patient", "site")
    assert source.ignored == ("remark",)
    assert list(source.films()) == [
        ListedFilm("a/1.dcm", "s1", {"patient": "p1", "site": "north"}, {"effusion": "Positive"}),
        ListedFilm("2.dcm", "s2", {"patient": "", "site": ""}, {"effusion": ""}),
    ]


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    text = "path,age,mass\n1.dcm,61,1\n2.dcm,7,0\n"
    (tmp_path / "m.csv").write_text(text)
    pl.read_csv(tmp_path / "m.csv").write_parquet(tmp_path / "m.parquet")
    (csv, parquet) = (list(source_of(tmp_path / f"m.{kind}").films()) for kind in ("csv", "parquet"))
    assert csv == parquet
    assert csv[0] == ListedFilm("1.dcm", "", {"age": "61"}, {"mass": "1"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("study\ns1\n", "no column `file`"),
        ('file\n1.dcm\n""\n', "no `file`; the first: line 3"),
        ("file,study\n1.dcm,s1\n2.dcm,s1\n", "twice; name each film; the first: line 2, 3"),
        ("file,study\n1.dcm,\n", "no `study`"),
        ("file,mass\n1.dcm,maybe\n", "a label of mass"),
        ("file,mass\n1.dcm,1,2,3\n", "cannot be read as a table"),
        ("", "cannot be read as a table"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused_with_its_lines(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(PermanentError) as told:
        manifest(tmp_path, text)
    assert says in str(told.value)
    assert told.value.code == "bad_manifest"
