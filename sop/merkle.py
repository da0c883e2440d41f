"""A Merkle tree that grows at its right end, hashed as RFC 6962 says. Only its peaks are kept."""

import hashlib
from collections.abc import Iterable


def leaf_hash(stream: str, position: int, entry_hash: str) -> bytes:
    """Return the hash of a leaf of the journal's log."""
    said = f"{len(stream.encode('utf-8', 'surrogateescape'))}:{stream} {position} {entry_hash}"
    return hashlib.sha256(b"\x00" + said.encode("utf-8", "surrogateescape")).digest()


class Tree:
    """The peaks of a tree: the hashes of its complete subtrees, the largest first."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        """Take up a tree where it stands.

        Raises:
            ValueError: A tree of this size has another number of peaks.
        """
        self.size = size
        self._peaks = list(peaks)
        if len(self._peaks) != size.bit_count():
            raise ValueError("a tree of this size has another number of peaks")

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """What a tree can be taken up from, with its size."""
        return tuple(self._peaks)

    def add(self, leaf: bytes) -> None:
        """Append a leaf, by its hash."""
        complete = self.size
        while complete & 1:
            leaf = _node(self._peaks.pop(), leaf)
            complete >>= 1
        self._peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree's root hash."""
        if not self._peaks:
            return hashlib.sha256().digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = _node(peak, root)
        return root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
