"""Cases per second against an earlier commit: alternating rounds on this machine, in one run.

    python -m tests.bench.before 7840b4f --pairs 4 --cases 60

Each round is a process of its own in a checkout of that state, with a server, a database and a
worker of its own; only the ratios mean anything.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

ROUND = """
import asyncio, json, sys, tempfile
from pathlib import Path
from adapters.migrate import upgrade
from runtime.devserver import dev_server
from runtime.logging import configure_logging
from runtime.process import run_and_leave
from tests.bench import throughput
from workflows.search_attributes import SEARCH_ATTRIBUTES

async def one(cases: int) -> None:
    state = Path(tempfile.mkdtemp(prefix="handrail-round-"))
    url = f"sqlite:///{state / 'crm.db'}"
    upgrade(url)
    async with dev_server(state, search_attributes=SEARCH_ATTRIBUTES) as server:
        async with throughput.sides(server, url) as (ours, _):
            await ours.play(10, 5, server.running.server_pid)
            played = await ours.play(cases, 10, server.running.server_pid)
    print(json.dumps([played.rate, played.worker, played.server, played.driver]))

configure_logging("json", "ERROR")
run_and_leave(lambda: asyncio.run(one(int(sys.argv[1]))))
"""


def play(tree: Path, cases: int) -> list[float]:
    """Play a round in a checkout; return cases per second and CPU ms per case of each process."""
    done = subprocess.run(
        [sys.executable, "-c", ROUND, str(cases)],
        cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    return [float(figure) for figure in json.loads(done.stdout.splitlines()[-1])]


def main() -> None:
    """Compare, and print a line for each round and the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("commit", help="the state before")
    parser.add_argument("--pairs", type=int, default=4, help="pairs of rounds")
    parser.add_argument("--cases", type=int, default=60, help="cases of a round")
    given = parser.parse_args()
    before = Path(tempfile.mkdtemp(prefix="handrail-before-")) / "tree"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--detach", str(before), given.commit], check=True)
    ratios = []
    try:
        for number in range(given.pairs):
            trees = [("before", before), ("now", ROOT)][:: 1 if number % 2 == 0 else -1]
            rates = {name: play(tree, given.cases) for name, tree in trees}
            for name, (rate, worker, server, driver) in rates.items():
                print(
                    f"{name}: {rate:.1f} cases/s; CPU ms per case: worker {worker:.0f}, "
                    f"server {server:.0f}, driver {driver:.0f}"
                )
            ratios.append(rates["now"][0] / rates["before"][0])
    finally:
        subprocess.run([*git, "remove", "--force", str(before)], check=True)
    print(
        f"now to before: {statistics.median(ratios):.2f} ({', '.join(f'{r:.2f}' for r in ratios)})"
    )


if __name__ == "__main__":
    main()
