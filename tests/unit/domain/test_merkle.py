"""Roots against the published vectors of Certificate Transparency's reference tree; paths against every tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.merkle import Frontier, inclusion_path, leaf_hash, root_of_path

LEAVES = (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def tree(leaves: list[bytes]) -> Frontier:
    grown = Frontier()
    for each in leaves:
        grown.append(each)
    return grown


def test_the_roots_are_those_of_the_reference_tree() -> None:
    assert Frontier().root.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    grown = Frontier()
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        grown.append(leaf_hash(leaf))
        assert grown.root.hex() == root


@given(st.integers(1, 300), st.data())
def test_every_leaf_leads_to_the_root_and_no_other_does(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = [leaf_hash(f"{number:04x}") for number in range(size)]
    path = inclusion_path(iter(leaves), index, size)
    root = tree(leaves).root
    assert root_of_path(leaves[index], index, size, path) == root
    assert root_of_path(leaf_hash("ffff"), index, size, path) != root
    other = data.draw(st.integers(0, size - 1))
    if other != index and len(inclusion_path(leaves, other, size)) == len(path):
        assert root_of_path(leaves[index], other, size, path) != root


@pytest.mark.parametrize(("index", "size", "given"), [(3, 3, 3), (-1, 3, 3), (0, 0, 0), (0, 4, 3)])
def test_a_place_outside_the_tree_has_no_path(index: int, size: int, given: int) -> None:
    with pytest.raises(ValueError, match="tree"):
        inclusion_path([leaf_hash("00")] * given, index, size)


def test_a_path_of_the_wrong_length_leads_nowhere() -> None:
    leaves = [leaf_hash(f"{number:02x}") for number in range(6)]
    path = inclusion_path(leaves, 2, 6)
    for wrong in (path[:-1], (*path, path[0]), ()):
        with pytest.raises(ValueError, match="path"):
            root_of_path(leaves[2], 2, 6, wrong)
