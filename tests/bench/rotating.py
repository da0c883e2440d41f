"""How long a rotation takes: `python -m tests.bench.rotating [KEYS]`, on both databases.

Prints seconds, and whether they are within the limit; exits with 1 where they are not.
"""

import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, insert

from adapters.database import Database
from adapters.key_tables import data_keys
from adapters.key_wrapping import KeyWrapper, PlainKey, key_name
from adapters.local_wrapper import LocalWrapper
from adapters.migrate import upgrade_keys
from adapters.rewrapping import Rewrapping
from sop.keys import RecordClass
from tests.bench.limits import judged
from tests.postgres import embedded_postgres

KEYS, LIMIT_S = 10_000, 60.0
"""So many keys are to be wrapped anew in less than that."""

BATCH = 1000


def fill(database: Database, wrapper: KeyWrapper, keys: int) -> None:
    """Put so many keys of cases into a key store."""
    for first in range(0, keys, BATCH):
        rows: list[dict[str, object]] = [
            {
                "key_id": secrets.token_hex(16), "owner": f"inquiry-{number:032x}",
                "record_class": RecordClass.HISTORY.value, "created_at": datetime.now(UTC),
            }
            for number in range(first, min(first + BATCH, keys))
        ]  # fmt: skip
        plain = [
            PlainKey(
                key_name(str(row["key_id"]), str(row["owner"]), str(row["record_class"])),
                secrets.token_bytes(32),
            )
            for row in rows
        ]
        for row, wrapped in zip(rows, wrapper.wrap(plain), strict=True):
            row |= {"wrapped": wrapped.wrapped, "kek_version": wrapped.version}
        database.write(partial(_put, rows))


def _put(rows: list[dict[str, object]], connection: Connection) -> None:
    connection.execute(insert(data_keys), rows)


def measure(url: str, keys: int, file: Path) -> float:
    """Fill a key store, rotate, wrap all anew; return the seconds that this took."""
    upgrade_keys(url)
    wrapper = LocalWrapper(file)
    with closing(Database(url)) as database:
        fill(database, wrapper, keys)
        begun = time.perf_counter()
        version = wrapper.rotate()
        done = Rewrapping(database, wrapper).run()
        took = time.perf_counter() - begun
    if (done.version, done.done, done.refused) != (version, keys, ()):
        raise SystemExit(f"not in order: {done}")
    return took


def urls(directory: Path) -> Iterator[tuple[str, str]]:
    """Yield a key store of each kind."""
    yield "sqlite", f"sqlite:///{directory / 'keys.db'}"
    with embedded_postgres() as server:
        yield "postgresql", server.get_uri()


def main() -> int:
    """Measure both databases; return 1 when one is beyond the limit."""
    keys, passed = int(sys.argv[1]) if len(sys.argv) > 1 else KEYS, True
    with TemporaryDirectory() as name:
        for kind, url in urls(Path(name)):
            took = measure(url, keys, Path(name) / f"{kind}.json")
            within, verdict = judged(took, LIMIT_S)
            print(f"{kind}: {keys} keys wrapped anew in {took:.1f} s: {verdict}", flush=True)
            passed = passed and within
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
