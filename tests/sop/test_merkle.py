"""The log's tree is that of RFC 6962, and grows from its peaks alone."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sop.merkle import Tree, leaf_hash


def whole(leaves: list[bytes]) -> bytes:
    """Return the root as RFC 6962, section 2.1, defines it."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + whole(leaves[:half]) + whole(leaves[half:])).digest()


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_tree_that_is_taken_up_has_the_root_of_the_whole(first: int, more: int) -> None:
    leaves = [leaf_hash("inquiry-1", number, "ab") for number in range(first + more)]
    tree = Tree()
    for leaf in leaves[:first]:
        tree.add(leaf)
    assert tree.root() == whole(leaves[:first])
    again = Tree(tree.size, tree.peaks)
    for leaf in leaves[first:]:
        again.add(leaf)
    assert again.root() == whole(leaves)


def test_the_root_of_known_leaves_is_that_of_the_reference() -> None:
    """The test vectors of the Certificate Transparency project."""
    inputs = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
              "606162636465666768696a6b6c6d6e6f")  # fmt: skip
    tree = Tree()
    for value in inputs:
        tree.add(hashlib.sha256(b"\x00" + bytes.fromhex(value)).digest())
    expected = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert tree.root().hex() == expected


def test_a_tree_of_another_size_is_not_taken_up() -> None:
    with pytest.raises(ValueError, match="another number of peaks"):
        Tree(3, [b"x" * 32])


def test_a_leaf_says_where_its_entry_stands() -> None:
    places = {("a", 1, "x"), ("a", 2, "x"), ("b", 1, "x"), ("a", 1, "y"), ("a 1", 1, "x")}
    assert len({leaf_hash(*place) for place in places}) == len(places)
