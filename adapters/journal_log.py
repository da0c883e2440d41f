"""The log over the entries of all cases: a Merkle tree in a table, with signed checkpoints.

The tree grows from the peaks that the last checkpoint left: an entry is hashed once.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, insert, select

from activities.proof_ports import LogDamagedError
from adapters.checkpoint_signing import CheckpointSigner, CheckpointVerifier
from adapters.database import Database
from adapters.proof_tables import checkpoint_deliveries, checkpoints, log_leaves, log_queue
from sop.checkpoint import Checkpoint, NoCheckpointError, SignedCheckpoint
from sop.merkle import Tree, leaf_hash

BATCH = 4000
"""Entries of one transaction: well within the time that a statement may take."""

_ONE_AT_A_TIME = 0x48414E44_4C4F47
"""The advisory lock of PostgreSQL: two workers do not grow the tree at once."""

_WAITING = (
    select(log_queue)
    .where(
        ~exists().where(
            log_leaves.c.stream == log_queue.c.stream,
            log_leaves.c.position == log_queue.c.position,
        )
    )
    .order_by(log_queue.c.stream, log_queue.c.position)
    .limit(BATCH)
)
_TAKEN = delete(log_queue).where(
    log_queue.c.stream == bindparam("of"), log_queue.c.position == bindparam("at")
)


class SqlJournalLog:
    """Implements `activities.proof_ports.JournalLog`."""

    def __init__(
        self, database: Database, signer: CheckpointSigner, *, older_keys: Sequence[str] = ()
    ) -> None:
        """Sign with a key; checkpoints of `older_keys` are trusted as well."""
        self._database = database
        self._signer = signer
        self._verifier = CheckpointVerifier((signer.verifier_key, *older_keys))
        self._delivered = database.insert(checkpoint_deliveries).on_conflict_do_nothing()

    def advance(self, at: datetime) -> int:
        """Take new entries into the log, and sign a checkpoint; return how many."""
        return self._database.write(lambda connection: self._advance(connection, at))

    def undelivered(self) -> tuple[SignedCheckpoint, ...]:
        """Return the checkpoints that no store has taken yet, the oldest first."""
        size = checkpoints.c.tree_size
        query = (
            select(size, checkpoints.c.note)
            .where(~exists().where(checkpoint_deliveries.c.tree_size == size))
            .order_by(size)
        )
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return tuple(SignedCheckpoint(size, note) for size, note in rows)

    def delivered(self, checkpoint: SignedCheckpoint, at: datetime) -> None:
        """Note that the store has a checkpoint."""
        row = {"tree_size": checkpoint.size, "delivered_at": at}
        self._database.write(lambda connection: connection.execute(self._delivered, row))

    def _advance(self, connection: Connection, at: datetime) -> int:
        self._database.take_turns(connection, _ONE_AT_A_TIME)
        queued = connection.execute(_WAITING).all()
        if not queued:
            return 0
        tree = self._tree(connection)
        leaves = []
        for stream, position, entry_hash in queued:
            leaf = {"stream": stream, "position": position, "hash": entry_hash}
            leaves.append({"leaf_index": tree.size, **leaf})
            tree.add(leaf_hash(stream, position, entry_hash))
        connection.execute(insert(log_leaves), leaves)
        connection.execute(
            _TAKEN, [{"of": leaf["stream"], "at": leaf["position"]} for leaf in leaves]
        )
        signed = self._signer.sign(Checkpoint(tree.size, tree.root(), at))
        row = {"tree_size": tree.size, "made_at": at, "root": tree.root().hex()}
        row |= {"frontier": _written(tree), "note": signed.note}
        connection.execute(insert(checkpoints), row)
        return len(queued)

    def _tree(self, connection: Connection) -> Tree:
        """Take the tree up from the last checkpoint, if that is what we signed.

        Raises:
            LogDamagedError: It is not, or the log is longer or shorter than it says.
        """
        last = connection.execute(
            select(checkpoints).order_by(checkpoints.c.tree_size.desc()).limit(1)
        ).first()
        index = log_leaves.c.leaf_index
        end = connection.execute(select(index).order_by(index.desc()).limit(1)).scalar()
        tree = Tree() if last is None else self._taken_up(last)
        if tree.size != (0 if end is None else end + 1):
            raise LogDamagedError("the log does not end where its last checkpoint says")
        return tree

    def _taken_up(self, last: Row[Any]) -> Tree:
        try:
            signed = self._verifier.open(last.note)
            peaks = [base64.b64decode(peak, validate=True) for peak in last.frontier.split()]
            tree = Tree(last.tree_size, peaks)
        except (NoCheckpointError, ValueError):
            raise LogDamagedError("the last checkpoint is not what was signed") from None
        if (tree.size, tree.root()) != (signed.size, signed.root):
            raise LogDamagedError("the last checkpoint is not what was signed")
        return tree


def _written(tree: Tree) -> str:
    return " ".join(base64.b64encode(peak).decode() for peak in tree.peaks)
