"""Six simulated years, firing by firing: nothing early, nothing late, every certificate true.

The expectation is told without the code under test: a class is over when year, month, day and
time, as the desk reads them, are at or past those of the closing with the months added.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import URL

from adapters.disposal_tables import disposals
from adapters.key_tables import data_keys
from sop.disposal import ENTRIES, RetentionRules
from sop.keys import RecordClass, customer_owner
from sop.policy_rules import Retention
from sop.retention import CLASSES
from tests.databases import Fresh
from tests.disposals import SHIPPED, Archive, an_archive

ZONE = ZoneInfo("Europe/Berlin")
BEGINS = datetime(2027, 1, 1, tzinfo=UTC)
ENDS = datetime(2033, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CASES = 260

# The policy is changed twice: everything longer, then back, the inquiries a little longer.
POLICIES = (
    (BEGINS, Retention(inquiry=12, verification=36, handoff=36, incident=60)),
    (
        datetime(2029, 2, 1, tzinfo=UTC),
        Retention(
            inquiry=18, verification=40, handoff=48, incident=60, history_days=45, access_log=41
        ),
    ),
    (
        datetime(2030, 6, 15, tzinfo=UTC),
        Retention(inquiry=13, verification=36, handoff=36, incident=60),
    ),
)


@dataclass(frozen=True)
class Closed:
    """A case of the simulation."""

    case_id: str
    kind: str
    customer: str | None
    closed_at: datetime


@dataclass(frozen=True)
class Held:
    """A hold that is placed and released."""

    hold_id: str
    scope: str
    begins: datetime
    ends: datetime


@pytest.fixture(params=("fresh_sqlite", "fresh_postgres"), ids=("sqlite", "postgresql"))
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    fresh: Fresh = request.getfixturevalue(request.param)
    with fresh() as url:
        keys: URL | None = url if request.param == "fresh_postgres" else None
        with an_archive(url, tmp_path, keys) as archive:
            yield archive


def firings() -> list[datetime]:
    """Return every second moment at which the schedule fires: the others are lost.

    The schedule keeps the desk's time, which is not always 24 hours: so much must be right, too.
    """
    days = (ENDS - BEGINS).days
    return [BEGINS + timedelta(hours=2) + day * DAY for day in range(days)]


def population() -> list[Closed]:
    """Return cases that close all over the first years: at month ends, leap days, clock changes."""
    odd = [
        datetime(2028, 2, 29, 10, 0, tzinfo=ZONE),
        datetime(2028, 2, 29, 23, 59, 59, tzinfo=ZONE),
        datetime(2027, 1, 31, 3, 0, 1, tzinfo=ZONE),
        datetime(2027, 3, 28, 3, 0, 1, tzinfo=ZONE),
        datetime(2027, 10, 31, 2, 30, tzinfo=ZONE),
        datetime(2027, 10, 31, 2, 30, tzinfo=ZONE, fold=1),
        datetime(2027, 12, 31, 23, 59, 59, tzinfo=ZONE),
        datetime(2027, 8, 31, 15, 0, tzinfo=ZONE),
        datetime(2028, 3, 1, 0, 0, tzinfo=ZONE),
    ]
    kinds, found = ("inquiry", "handoff", "inquiry", "incident", "duty"), []
    for number in range(CASES):
        kind = kinds[number % len(kinds)]
        at = (
            odd[number]
            if number < len(odd)
            else BEGINS
            + number * timedelta(days=5, hours=7, minutes=13, seconds=29, microseconds=number)
        )
        customer = f"c-{number % 70}" if kind in {"inquiry", "handoff"} else None
        found.append(Closed(f"{kind}-{number}", kind, customer, at.astimezone(UTC)))
    return found


def holds(cases: list[Closed]) -> list[Held]:
    """Return holds on cases and customers: over the time of something, short, and overlapping."""
    found = []
    for number, case in enumerate(cases[::9]):
        scope = customer_owner(case.customer) if case.customer and number % 2 else case.case_id
        begins = case.closed_at + timedelta(days=25 * (number % 20))
        found.append(Held(f"h-{number}", scope, begins, begins + timedelta(days=90 + 40 * number)))
    return found


def is_over(case: Closed, which: RecordClass, kept: Retention, at: datetime) -> bool:
    """Return whether the time of a class is over, as a person with a calendar would tell."""
    if which is RecordClass.HISTORY:
        return at - case.closed_at >= timedelta(days=kept.history_days)
    return months_over(case.closed_at, getattr(kept, which.value), at)


def months_over(since: datetime, months: int, at: datetime) -> bool:
    """Return whether so many months are over, by the year, month, day and time at the desk."""
    then, now = since.astimezone(ZONE), at.astimezone(ZONE)
    passed = (now.year - then.year) * 12 + now.month - then.month
    return (passed, now.day, now.time(), now.fold) >= (months, then.day, then.time(), 0)


def first_over(case: Closed, which: RecordClass, kept: Retention, times: list[datetime]) -> int:
    """Return at which firing the time of a class is over for the first time."""
    return bisect_left(times, True, key=lambda at: is_over(case, which, kept, at))


Item = tuple[str, RecordClass]


@dataclass
class Expectation:
    """What must go at each firing."""

    cases: dict[str, Closed]
    holds: list[Held]
    over: list[dict[Item, int]]
    left: set[Item]

    @classmethod
    def of(cls, cases: list[Closed], held: list[Held], times: list[datetime]) -> "Expectation":
        items = [(case, which) for case in cases for which in CLASSES[case.kind]]
        over = [
            {(c.case_id, which): first_over(c, which, kept, times) for c, which in items}
            for _, kept in POLICIES
        ]
        left = {(case.case_id, which) for case, which in items}
        return cls({case.case_id: case for case in cases}, held, over, left)

    def at(self, firing: int, at: datetime, policy: int) -> tuple[set[Item], Counter[str]]:
        """Return what goes, and how many classes each hold keeps."""
        standing: dict[str, list[str]] = {}
        for hold in self.holds:
            if hold.begins <= at < hold.ends:
                standing.setdefault(hold.scope, []).append(hold.hold_id)
        over = self.over[policy]
        goes, kept = set[Item](), Counter[str]()
        for item in self.left:
            if over[item] > firing:
                continue
            case = self.cases[item[0]]
            scopes = [item[0], *([customer_owner(case.customer)] if case.customer else [])]
            holding = {hold for scope in scopes for hold in standing.get(scope, ())}
            kept.update(holding)
            if not holding:
                goes.add(item)
        self.left -= goes
        return goes, kept


@dataclass
class Looks:
    """The access log, in which of each case one entry or more stand, and what must go of it."""

    left: dict[str, tuple[Closed, datetime]]

    @classmethod
    def of(cls, cases: list[Closed]) -> "Looks":
        """Return entries from before the case closed until ten months after."""
        found = {}
        for number, case in enumerate(cases):
            at = case.closed_at + timedelta(days=number % 320 - 20, hours=number % 24)
            for again in range(1 + number % 3):
                found[f"{case.case_id}-{again}"] = (case, at + again * timedelta(minutes=50))
        return cls(found)

    def fill(self, archive: Archive) -> None:
        for entry_id, (case, at) in self.left.items():
            archive.look(case.case_id, at, entry_id)

    def at(self, at: datetime, kept: Retention, held: list[Held]) -> tuple[set[str], Counter[str]]:
        """Return which entries go, and how many each hold keeps."""
        goes, keeps = set[str](), Counter[str]()
        for entry_id, (case, written) in self.left.items():
            if not months_over(written, kept.access_log, at):
                continue
            scopes = {case.case_id, customer_owner(case.customer or "")}
            holding = {h.hold_id for h in held if h.scope in scopes and h.begins <= at < h.ends}
            keeps.update(holding)
            if not holding:
                goes.add(entry_id)
        for entry_id in goes:
            del self.left[entry_id]
        return goes, keeps


def fill(archive: Archive, cases: list[Closed]) -> None:
    for case in cases:
        match case.kind:
            case "inquiry":
                archive.close_inquiry(case.case_id, case.closed_at, str(case.customer))
            case "handoff":
                archive.close_handoff(case.case_id, case.closed_at, str(case.customer))
            case "incident":
                archive.close_incident(case.case_id, case.closed_at)
            case _:
                archive.close_duty(case.case_id, case.closed_at)


def turn_holds(archive: Archive, held: list[Held], since: datetime, at: datetime) -> None:
    for hold in held:
        if since < hold.begins <= at:
            archive.holds.place_hold(hold.hold_id, [hold.scope], hold.begins)
        if since < hold.ends <= at:
            archive.holds.release_hold(hold.hold_id, hold.ends)


def check_keys(archive: Archive, expected: Expectation) -> None:
    """See that every key of what has gone is destroyed, and no other."""
    query = data_keys.select().where(~data_keys.c.owner.startswith("customer-"))
    rows = archive.keys.read(lambda connection: connection.execute(query).mappings().all())
    works = {(row["owner"], RecordClass(row["record_class"])) for row in rows if row["wrapped"]}
    assert works == expected.left


@pytest.mark.timeout(900)
@pytest.mark.clause("INQ-7.1", "HOF-7.1", "HOF-7.2", "HOF-7.3")
async def test_in_six_years_everything_goes_in_its_time_and_nothing_before(
    archive: Archive,
) -> None:
    times, cases = firings(), population()
    held = holds(cases)
    fill(archive, cases)
    expected, looks = Expectation.of(cases, held, times), Looks.of(cases)
    looks.fill(archive)
    before, since = archive.counts(), BEGINS - DAY
    went = latest = 0
    for firing, at in enumerate(times):
        policy = max(number for number, (begins, _) in enumerate(POLICIES) if begins <= at)
        archive.rules = RetentionRules(
            policy_version=str(policy), retention=POLICIES[policy][1], time_zone=SHIPPED.time_zone
        )
        turn_holds(archive, held, since, at)
        goes, kept = expected.at(firing, at, policy)
        run, batches = await archive.run(at)
        gone = {(each.case_id, each.record_class) for batch in batches for each in batch.gone}
        assert gone == goes, f"at {at}"
        assert run.held == dict(kept)
        assert run.failures == {}
        seen, seen_and_kept = looks.at(at, POLICIES[policy][1], held)
        assert run.counts.get(ENTRIES, 0) == len(seen), f"at {at}"
        assert run.entries_held == dict(seen_and_kept)
        went, since = went + len(gone), at
        if gone or seen:
            late = (firing - expected.over[policy][item] for item in gone)
            latest = max(latest, *late, 0)
            after = archive.counts()
            check_counts(run.counts, run.customers_gone, before, after)
            before = after
        if firing % 200 == 0:
            check_keys(archive, expected)
            assert archive.seen() == looks.left.keys()
    check_keys(archive, expected)
    assert went + len(expected.left) == sum(len(CLASSES[case.kind]) for case in cases)
    assert went > len(expected.left)
    assert latest > 0, "no hold and no change of the policy delayed anything"
    assert len(archive.rows(disposals)) == went


def check_counts(
    counts: dict[str, int], customers: int, before: dict[str, int], after: dict[str, int]
) -> None:
    """See that a run's certificate says what has vanished, table by table."""
    told = Counter[str]()
    for name, count in counts.items():
        told[name.partition(".")[2]] += count
    vanished = {name: before[name] - after[name] for name in before}
    vanished["keys"] -= customers  # each customer has one
    assert vanished.pop("customers") == vanished.pop("identity_factors") == customers
    assert +told == +Counter(vanished)
