"""`make bench`: measures what a case costs, prints it, and writes `docs/costs.md`."""

import argparse
import asyncio
import sys
import uuid
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from sqlalchemy import make_url

from adapters import migrate
from runtime.devserver import DevServer, dev_server
from runtime.logging import configure_logging
from runtime.process import run_and_leave
from tests.bench import latency, outage, report, throughput
from tests.bench.counts import ALL_PATHS, Costs, beyond, measure
from tests.desk import shipped_policy
from tests.postgres import embedded_postgres
from workflows.search_attributes import SEARCH_ATTRIBUTES


def say(what: str) -> None:
    """Tell what goes on."""
    sys.stderr.write(f"{what}\n")


async def bench(arguments: argparse.Namespace) -> int:
    """Measure everything; return 1 when a limit is passed or something was lost."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(TemporaryDirectory(prefix="handrail-bench-")))
        postgres = stack.enter_context(embedded_postgres())
        async with dev_server(
            state / "server", time_skipping=True, search_attributes=SEARCH_ATTRIBUTES
        ) as server:
            counts = await _count(server, state, postgres)
            passed = not any(beyond(path, counts[path]["sqlite"].exact) for path in counts)
            if arguments.counts:
                report.PAGE.write_text(report.recounted(counts), "utf-8")
                return 0 if passed else 1
            sides = await _compare(server, state, arguments)
            openings = await _open(server, state, arguments)
            outages = await _outages(server, state, postgres, arguments.outage)
    text = report.page(counts, sides, openings, outages)
    report.PAGE.write_text(text, "utf-8")
    sys.stdout.write(text)
    return 0 if passed and not any(o.lost or o.disordered for o in outages) else 1


async def _count(server: DevServer, state: Path, postgres: Any) -> dict[str, dict[str, Costs]]:
    counts: dict[str, dict[str, Costs]] = defaultdict(dict)
    policy = shipped_policy()
    for path in ALL_PATHS:
        for kind in ("sqlite", "postgresql"):
            say(f"counting the {path} path on {kind}")
            url = _fresh(state, postgres, kind)
            counts[path][kind] = await measure(server, url, policy, path)
    return counts


async def _compare(
    server: DevServer, state: Path, arguments: argparse.Namespace
) -> tuple[throughput.Side, throughput.Side]:
    async with throughput.sides(server, _fresh(state, None, "sqlite")) as sides:
        for side in sides:
            await side.play(10, 5, server.running.server_pid)  # warm up
        for number in range(arguments.pairs):
            for side in sides if number % 2 == 0 else reversed(sides):
                played = await side.play(arguments.cases, 10, server.running.server_pid)
                side.rounds.append(played)
                say(f"{side.name}: {played.rate:.1f} cases/s")
        return sides


async def _open(
    server: DevServer, state: Path, arguments: argparse.Namespace
) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = defaultdict(list)
    async with latency.ways(server, _fresh(state, None, "sqlite")) as ways:
        for way in ways:
            await way.p50(20)  # warm up
        for _ in range(arguments.pairs):
            for way in ways:
                taken[way.name].append(await way.p50(60))
                say(f"{way.name}: {taken[way.name][-1]:.1f} ms")
    return taken


async def _outages(
    server: DevServer, state: Path, postgres: Any, seconds: float
) -> list[outage.Outage]:
    say(f"{seconds:.0f} s without SQLite")
    url = _fresh(state, None, "sqlite")
    away = outage.locked(Path(str(make_url(url).database)))
    endured = [await outage.endure(server, url, "SQLite, locked", away, seconds)]
    say(f"{seconds:.0f} s without PostgreSQL")
    url = _fresh(state, postgres, "postgresql")
    stopped = outage.stopped(postgres)
    endured.append(await outage.endure(server, url, "PostgreSQL, stopped", stopped, seconds))
    return endured


def _fresh(state: Path, postgres: Any, kind: str) -> str:
    """Return the URL of a migrated, empty database."""
    name = f"bench_{uuid.uuid4().hex}"
    url = f"sqlite:///{state / name}.db"
    if kind == "postgresql":
        with psycopg.connect(postgres.get_uri(), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}".encode())
        made = make_url(postgres.get_uri()).set(database=name)
        url = made.render_as_string(hide_password=False)
    migrate.upgrade(url)
    return url


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--counts", action="store_true", help="renew the exact counts alone")
    parser.add_argument("--outage", type=float, default=60, help="seconds without the database")
    parser.add_argument("--pairs", type=int, default=3, help="pairs of rounds that are compared")
    parser.add_argument("--cases", type=int, default=80, help="cases of a round")
    given = parser.parse_args()
    configure_logging("json", "ERROR")
    run_and_leave(lambda: asyncio.run(bench(given)))
