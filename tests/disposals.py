"""Closed cases in every table, and what disposes of them, on real stores."""

import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Table, func, insert, select

from activities.disposing import Behind, DisposalActivities
from adapters import migrate
from adapters.access_log import AccessLog
from adapters.access_tables import access_log
from adapters.crm import SqlCrm
from adapters.database import Database, Limits
from adapters.disposal import SqlRecords
from adapters.handoff_tables import handoff_confirmations, handoffs, verification_log
from adapters.identity_tables import identity_attempts, identity_factors
from adapters.incident_tables import filed_reports, incident_reports, incidents
from adapters.key_disposal import KeyDisposal
from adapters.key_tables import data_keys
from adapters.keyring import SqlKeyring
from adapters.local_wrapper import LocalWrapper
from adapters.staff_tables import duties
from adapters.tables import cases, customers, escalations, journal_entries, outbox, tasks
from sop.access_log import AccessEntry, Outcome, Via
from sop.disposal import (
    AccessLogOrder,
    Disposal,
    DisposalOrder,
    DueQuestion,
    RetentionRules,
    RetentionRun,
)
from sop.duty.models import DutyKind, DutyRow, DutyStage
from sop.handoff.models import HandoffRow, HandoffStage
from sop.incident.models import IncidentRow, IncidentStage
from sop.keys import RecordClass, customer_owner
from sop.models import Customer, Role, Stage
from sop.outgoing import FlushBatch, Outgoing
from sop.policy_rules import Retention
from sop.retention import CLASSES
from tests import batches

SHIPPED = RetentionRules(
    policy_version="2026.1",
    retention=Retention(inquiry=12, verification=36, handoff=36, incident=60),
    time_zone="Europe/Berlin",
)

COUNTED = (
    customers,
    cases,
    handoffs,
    incidents,
    duties,
    tasks,
    escalations,
    outbox,
    verification_log,
    identity_attempts,
    identity_factors,
    handoff_confirmations,
    incident_reports,
    filed_reports,
    access_log,
)


class NoHistories:
    """Temporal has forgotten everything: its own retention was over before ours."""

    async def running(self, case_ids: Collection[str]) -> frozenset[str]:
        """Return nothing."""
        return frozenset()

    async def without_workflow(self, case_ids: Collection[str]) -> frozenset[str]:
        """Return nothing: whatever is open has a workflow somewhere."""
        return frozenset()

    async def forget(self, case_ids: Collection[str]) -> Mapping[str, int]:
        """Delete nothing."""
        return {}

    async def remembered(self, case_ids: Collection[str]) -> frozenset[str]:
        """Return nothing."""
        return frozenset()


@dataclass
class Archive:
    """A CRM and a key store, and what disposes of what they hold."""

    database: Database
    keys: Database
    keyring: SqlKeyring
    holds: KeyDisposal
    records: SqlRecords
    file: Path
    rules: RetentionRules = field(default=SHIPPED)
    runs: int = 0

    @property
    def activities(self) -> DisposalActivities:
        """What a worker would run."""
        return DisposalActivities(self.holds, self.records, NoHistories())

    async def run(self, at: datetime, limit: int = 50) -> tuple[RetentionRun, list[Disposal]]:
        """Do what the workflow does in a run, at one moment; return its batches, too."""
        self.runs += 1
        run = RetentionRun(
            certificate_id=f"retention-{self.runs}",
            policy_version=self.rules.policy_version,
            began_at=at,
        )
        done = []
        while True:
            question = DueQuestion(rules=self.rules, at=at, after=run.cursor, limit=limit)
            due = self.activities.due(question)
            if due.items:
                order = DisposalOrder(
                    certificate_id=f"{run.certificate_id}.{run.tried + 1}",
                    at=at,
                    policy_version=run.policy_version,
                    items=due.items,
                )
                done.append(await self.activities.dispose(order))
                run = run.after(done[-1], due.behind)
            if due.behind is None:
                break
        run = self.purge(run, at)
        gone = self.activities.dispose_of_customers(Behind())
        run = run.model_copy(update={"customers_gone": gone.gone, "ended_at": at})
        await self.activities.file_run(run)
        return run, done

    def purge(self, run: RetentionRun, at: datetime, limit: int = 1000) -> RetentionRun:
        """Do what the workflow does with the access log in a run."""
        number, behind = 0, None
        while behind is not None or not number:
            number += 1
            order = AccessLogOrder(
                certificate_id=f"{run.certificate_id}.access-log.{number}",
                at=at,
                rules=self.rules,
                after=behind,
                limit=limit,
            )
            batch = self.activities.dispose_of_entries(order)
            run, behind = run.after_entries(batch), batch.behind
        return run

    def look(self, case_id: str | None, at: datetime, entry_id: str = "") -> str:
        """Write into the access log that somebody was shown a case; return the entry's id."""
        entry = AccessEntry(
            entry_id=entry_id or secrets.token_hex(16),
            at=at,
            principal="ana",
            role=Role.CSR,
            via=Via.SESSION,
            action="decode",
            owner=case_id,
            key_id="0" * 32,
            count=1,
            outcome=Outcome.OPENED,
        )
        AccessLog(self.database).record([entry])
        return entry.entry_id

    def seen(self) -> set[str]:
        """Return the ids of the entries of the access log."""
        return {row["entry_id"] for row in self.rows(access_log)}

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of what can go, keys and unpurged entries included."""
        parts = [_count(table).label(table.name) for table in COUNTED]
        unpurged = select(func.count()).where(journal_entries.c.purged_by.is_(None))
        query = select(*parts, unpurged.scalar_subquery().label("journal_entries"))
        found = self.database.read(lambda c: dict(c.execute(query).mappings().one()))
        alive = select(func.count()).where(data_keys.c.wrapped.is_not(None))
        keys = self.keys.read(lambda c: c.execute(alive).scalar_one())
        found["entries"] = found.pop(access_log.name)
        return {**{name: int(count) for name, count in found.items()}, "keys": keys}

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return all rows of a table."""
        return self.database.rows(select(table))

    def works(self, owner: str, record_class: RecordClass) -> bool:
        """Return whether a process that has no key at hand finds one."""
        ring = SqlKeyring(self.keys, LocalWrapper(self.file))
        key = data_keys.c
        query = select(key.key_id).where(key.owner == owner, key.record_class == record_class.value)
        ids = self.keys.read(lambda connection: list(connection.execute(query).scalars()))
        return bool(ring.find(ids))

    def close_inquiry(
        self, case_id: str, closed_at: datetime | None, customer: str = "c-7"
    ) -> None:
        """Write an inquiry with something in every register; `closed_at` None leaves it open."""
        opened = (closed_at or batches.MONDAY) - timedelta(days=2)
        self._flush(
            FlushBatch(
                stream=case_id,
                case_id=case_id,
                case=batches.case(
                    2,
                    case_id,
                    customer_id=customer,
                    stage=Stage.CLOSED if closed_at else Stage.RECEIVED,
                    closed_at=closed_at,
                ),
                outgoing=_outgoing(case_id, customer, opened),
                at=opened,
            )
        )
        self._identity(case_id, customer, opened)
        self.keyring.obtain(case_id, CLASSES["inquiry"])
        self.keyring.obtain(customer_owner(customer), (RecordClass.INQUIRY,))

    def close_handoff(
        self,
        case_id: str,
        closed_at: datetime | None,
        customer: str = "c-7",
        inquiry_id: str | None = None,
    ) -> None:
        """Write a handoff with something in every register; `closed_at` None leaves it open."""
        opened = (closed_at or batches.MONDAY) - timedelta(days=2)
        row = HandoffRow(
            handoff_id=case_id,
            version=2,
            customer_id=customer,
            inquiry_id=inquiry_id,
            stage=HandoffStage.CLOSED if closed_at else HandoffStage.OFFERED,
            subject="s",
            text="t",
            opened_by="anna",
            receiving_party="rita",
            receiving_party_name="r",
            receiving_party_contact="c",
            custody="rita",
            custody_since=opened,
            received_at=opened,
            closed_at=closed_at,
        )
        outgoing = _outgoing(case_id, customer, opened)
        confirmed = batches.confirmation(f"{case_id}-c", case_id, customer_id=customer)
        self._flush(
            FlushBatch(
                stream=case_id,
                case_id=case_id,
                handoff=row,
                outgoing=outgoing.model_copy(update={"confirmations": (confirmed,)}),
                at=opened,
            )
        )
        self._identity(case_id, customer, opened)
        self.keyring.obtain(case_id, CLASSES["handoff"])
        self.keyring.obtain(customer_owner(customer), (RecordClass.INQUIRY,))

    def close_incident(
        self, case_id: str, closed_at: datetime | None, about: str | None = None
    ) -> None:
        """Write an incident; `closed_at` None leaves it open."""
        opened = (closed_at or batches.MONDAY) - timedelta(days=2)
        row = IncidentRow(
            incident_id=case_id,
            version=2,
            case_id=about,
            stage=IncidentStage.CLOSED if closed_at else IncidentStage.OPEN,
            clause="HOF-5.2",
            subject="A letter",
            text="A letter went out.",
            opened_by="anna",
            known_at=opened,
            regulator_due_at=opened + timedelta(hours=72),
            received_at=opened,
            closed_at=closed_at,
        )
        entries = (batches.entry(1, at=opened), batches.entry(2, at=opened))
        outgoing = Outgoing(entries=entries)
        self._flush(
            FlushBatch(stream=case_id, case_id=case_id, incident=row, outgoing=outgoing, at=opened)
        )
        self.keyring.obtain(case_id, CLASSES["incident"])

    def close_duty(self, case_id: str, done_at: datetime, about: str = "2026.1") -> None:
        """Write a duty that was done."""
        opened = done_at - timedelta(days=2)
        row = DutyRow(
            duty_id=case_id,
            version=1,
            kind=DutyKind.AUDIT,
            stage=DutyStage.CLOSED,
            clause="HOF-6.2",
            subject="Audit.",
            about=about,
            role=Role.QUALITY_MANAGER,
            due_at=done_at,
            done_at=done_at,
        )
        outgoing = Outgoing(entries=(batches.entry(1, at=opened),))
        self._flush(
            FlushBatch(stream=case_id, case_id=case_id, duty=row, outgoing=outgoing, at=opened)
        )
        self.keyring.obtain(case_id, CLASSES["duty"])

    def _flush(self, batch: FlushBatch) -> None:
        receipt = SqlCrm(self.database).flush(batch)
        assert receipt.written == len(batch.outgoing.entries)

    def _identity(self, case_id: str, customer: str, at: datetime) -> None:
        attempt = {
            "attempt_id": f"{case_id}-a",
            "customer_id": customer,
            "case_id": case_id,
            "representative": "anna",
            "at": at,
            "number": 1,
            "exhausted": False,
            "matched": True,
            "forms": {},
        }
        factor = {"customer_id": customer, "form": "passport", "digest": "d", "updated_at": at}
        factors = self.database.insert(identity_factors).on_conflict_do_nothing()

        def work(connection: Any) -> None:
            connection.execute(insert(identity_attempts), attempt)
            connection.execute(factors, factor)

        self.database.write(work)


def _outgoing(case_id: str, customer: str, at: datetime) -> Outgoing:
    name = Customer(customer_id=customer, name="Ada Byron", email="ada@example.org")
    return Outgoing(
        entries=(batches.entry(1, "open#0", at=at), batches.entry(2, at=at)),
        opening=batches.opening(customer=name),
        tasks=(batches.task(f"{case_id}-t", case_id),),
        messages=(batches.message(f"{case_id}-m", case_id, recipient=f"customer:{customer}"),),
        escalations=(batches.rung("complaint", case_id, fired_at=at),),
        verifications=(batches.verification(f"{case_id}-v", case_id, customer_id=customer),),
        reports=(batches.incident_report(f"{case_id}-r", case_id),),
    )


def _count(table: Table) -> Any:
    return select(func.count()).select_from(table).scalar_subquery()


@contextmanager
def an_archive(crm: URL, directory: Path, keys: URL | None = None) -> Iterator[Archive]:
    """Open an archive on a migrated CRM; its key store is a file, or the database given."""
    url = keys or f"sqlite:///{directory / 'keys.db'}"
    migrate.upgrade_keys(url)
    # Many helpers share a test machine: what takes long there is no outage.
    patient = Limits(wait=timedelta(seconds=30), statement=timedelta(seconds=30))
    with closing(Database(url, patient)) as store:
        keyring = SqlKeyring(store, LocalWrapper(directory / "kek.json"))
        holds = KeyDisposal(store, keyring)
        with closing(Database(crm, patient, keyring)) as database:
            records = SqlRecords(database)
            yield Archive(database, store, keyring, holds, records, directory / "kek.json")
