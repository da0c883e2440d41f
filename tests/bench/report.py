"""`docs/costs.md`: what was measured, as a page."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

from tests.bench import rotating, verifying
from tests.bench.counts import AIM, LEVEL_AIM, LIMITS, Costs
from tests.bench.handoff_paths import CLIMBED, DISCREPANCY
from tests.bench.outage import Outage
from tests.bench.throughput import Side

PAGE = Path(__file__).parents[2] / "docs" / "costs.md"
_COUNTS, _COMPARED = "## Counts", "## Against bare Temporal"
_OPEN, _CLOSE = "```json\n", "\n```"

Counts = Mapping[str, Mapping[str, Costs]]
"""Costs by path and database."""


def committed() -> dict[str, dict[str, dict[str, object]]]:
    """Return the exact counts that the page holds, by path and database."""
    block = PAGE.read_text("utf-8").partition(_OPEN)[2].partition(_CLOSE)[0]
    counts: dict[str, dict[str, dict[str, object]]] = json.loads(block)
    return counts


def recounted(counts: Counts) -> str:
    """Return the page with other counts; what takes time on a clock stays as it was measured."""
    before, _, after = PAGE.read_text("utf-8").partition(_COUNTS)
    return f"{before}{_counted(counts)}\n\n{_COMPARED}{after.partition(_COMPARED)[2]}"


def page(
    counts: Counts,
    sides: tuple[Side, Side],
    openings: Mapping[str, Sequence[float]],
    outages: Sequence[Outage],
) -> str:
    """Return the page."""
    return "\n\n".join(
        (
            "# What a case costs",
            "Written by `make bench`. Counts are exact, and the same on every run; `make test` "
            "counts the plain path again. Times come from one run on a shared machine with "
            f"2 cores (Python {platform.python_version()}): only the ratios mean anything.",
            _counted(counts),
            _compared(sides, openings),
            _endured(outages),
            limited(),
        )
    )


def limited() -> str:
    """Say what has a limit in seconds, and how to see whether it is kept."""
    rows = [
        (f"a rotation of {rotating.KEYS:,} keys", f"{rotating.LIMIT_S:.0f} s",
         "`python -m tests.bench.rotating`"),
        (f"`handrail verify` of {verifying.ENTRIES:,} entries", f"{verifying.LIMIT_S:.0f} s",
         "`python -m tests.bench.verifying`"),
    ]  # fmt: skip
    return (
        "## Within a limit\n\n"
        "Each command measures both databases, says whether the limit is kept, and exits with 1 "
        f"where it is not.\n\n{_table(('', 'less than', 'command'), rows)}\n"
    )


def _counted(counts: Counts) -> str:
    rows = [
        (path, database, c.events, c.tasks, c.billed, c.transactions, c.statements, c.reads,
         c.key_transactions, c.key_statements, c.payload_bytes, c.history_bytes)
        for path, kinds in counts.items()
        for database, c in kinds.items()
    ]  # fmt: skip
    head = ("path", "database", "history events", "workflow tasks", "billable actions",
            "SQL transactions", "SQL statements", "API reads", "key transactions",
            "key statements", "payload bytes", "history bytes")  # fmt: skip
    plain = counts["plain"]["sqlite"]
    exact = {p: {d: c.exact for d, c in kinds.items()} for p, kinds in counts.items()}
    return (
        f"{_COUNTS}\n\n"
        "*plain*: opened with reception and category, verified, resolved, follow-up confirmed, "
        "closed. *escalated*: an untouched complaint reaches the quality manager at 12 h, is "
        "acknowledged, resolved and confirmed; both workflows together. *handoff*: opened, "
        "identified, items confirmed with the brief, customer told and transferred in the CRM, "
        "accepted, closed. *discrepancy*: the same, stopped at the identity check, taken and "
        "approved by the team leader; *one level more*: nobody answers the first page and its "
        "repetition, so that the escalation climbs. Each step is sent when "
        "the case is idle after the one before: an Update that meets the opening's workflow task "
        "saves six events, by luck. Events of time skipping are left out. Transactions and "
        "statements are the worker's, without BEGIN and COMMIT. Key transactions and statements "
        "are those of API and worker together on the key store, when neither has a key at hand and "
        "the customer is new: for five minutes a process asks for the same keys no more.\n\n"
        f"{_table(head, rows)}\n\n"
        f"{_limits()} On Temporal Cloud 1,000 plain inquiries are {plain.billed * 1000:,} "
        f"actions. {_level(counts)}\n\n"
        f"{_OPEN}{json.dumps(exact, indent=1, sort_keys=True)}{_CLOSE}"
    )


def _limits() -> str:
    told = (
        f"{path}, {limits['events']} events and {limits['transactions']} transactions"
        for path, limits in LIMITS.items()
    )
    return f"Limits: {'; '.join(told)}. The aim of the plain inquiry is {AIM['events']} events."


def _level(counts: Counts) -> str:
    """Say what one level more costs: a repeated page, the step up, and the page there."""
    climbed, flat = counts[CLIMBED]["sqlite"], counts[DISCREPANCY]["sqlite"]
    return (
        f"One escalation level more adds {climbed.events - flat.events} events with the page that "
        f"is repeated before it; the aim is {LEVEL_AIM['events']}."
    )


def _compared(sides: tuple[Side, Side], openings: Mapping[str, Sequence[float]]) -> str:
    ours, bare = sides
    pairs = [a.rate / b.rate for a, b in zip(ours.rounds, bare.rounds, strict=True)]
    rows = [
        (side.name, *(f"{median(getattr(r, what) for r in side.rounds):.1f}"
                      for what in ("rate", "worker", "server", "driver")))
        for side in sides
    ]  # fmt: skip
    floor = median(openings["start_workflow"])
    waits = [
        (name, f"{median(taken):.1f}", f"{median(taken) / floor:.2f}")
        for name, taken in openings.items()
    ]
    return (
        f"{_COMPARED}\n\n"
        "A bare workflow with as many updates, local activities, timers and search-attribute "
        "commands, whose activity writes one row, on the same server and the same kind of "
        "database, in alternating rounds. CPU in milliseconds per case.\n\n"
        f"{_table(('', 'cases/s', 'worker', 'server', 'driver'), rows)}\n\n"
        f"Cases per second, ours to bare: **{median(pairs):.2f}** (pairs: "
        f"{', '.join(f'{p:.2f}' for p in pairs)}). The aim is 0.9 or better.\n\n"
        "Opening, median in milliseconds of one caller at a time, nobody working the cases:\n\n"
        f"{_table(('', 'p50 ms', 'ratio'), waits)}\n\n"
        "The aim for the HTTP API is 1.3 or less."
    )


def _endured(outages: Sequence[Outage]) -> str:
    parts = [
        "## The database goes away\n\n"
        "20 open cases take three steps each while the database is away. Per line: the most that "
        "any case has cost since. Workflow tasks and events do not grow with the time in which "
        "nothing is done; what grows are the attempts that the server keeps, at most one in 15 s."
    ]
    for outage in outages:
        rows = [
            (f"{s.at_s:.0f}", s.what, s.tasks, s.events, s.burnt, s.local, s.remote)
            for s in outage.snapshots
        ]
        head = ("at s", "", "workflow tasks", "events", "failed or timed out", "local attempts",
                "attempts by the server")  # fmt: skip
        parts.append(
            f"### {outage.name}, {outage.seconds:.0f} s\n\n{_table(head, rows)}\n\n"
            f"{outage.accepted} steps accepted, the slowest answered after "
            f"{outage.slowest_s:.1f} s; lost: {outage.lost}; cases out of order: "
            f"{outage.disordered}. Everything was recorded {outage.recorded_s:.1f} s after the "
            "database was back."
        )
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
