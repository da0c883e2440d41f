"""One record of each kind, with a mark in every field that is a person's or free text."""

from contextlib import closing
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import URL, Table, insert, inspect, select

from adapters import migrate
from adapters.crm import SqlCrm
from adapters.crm_reads import CrmReads
from adapters.database import Database
from adapters.duty_reads import DutyReads
from adapters.handoff_reads import HandoffReads
from adapters.incident_reads import IncidentReads
from adapters.incidents import FiledReports
from adapters.recipient_keys import RecipientKeys
from adapters.schema import metadata
from adapters.sealed import is_sealed
from adapters.staff import TrainingRecords
from adapters.tables import streams
from sop.duty.models import DutyKind, DutyRow, DutyStage
from sop.handoff.models import HandoffRow, HandoffStage, Item
from sop.handoff.records import HandoffFilter
from sop.incident.models import CorrectiveAction, IncidentRow, IncidentStage
from sop.incident.records import IncidentFilter, ReportFilter
from sop.models import Customer, Role
from sop.outgoing import FlushBatch, Outgoing
from sop.records import CaseFilter
from sop.training import TrainingRecord
from tests.batches import (
    MONDAY,
    after,
    case,
    confirmation,
    entry,
    incident_report,
    message,
    opening,
    rung,
    task,
    verification,
)
from tests.certificates import holder

UNCHAINED = "0002"
"""The schema of version 0.2."""

MARK = "Quillfeather"
INQUIRY, HANDOFF = "inquiry-00000001", "handoff-00000001"
INCIDENT, DUTY = "incident-00000001", "duty-00000001"
CUSTOMER = Customer(
    customer_id="c-7", name=f"{MARK} Ada", email=f"ada@{MARK}.example", phone=f"0{MARK}"
)


def write(database: Database, case_id: str = INQUIRY) -> None:
    """Write an inquiry, and beside it a handoff, an incident, a duty and the house's records."""
    crm = SqlCrm(database)
    for batch in (inquiry(case_id), handoff(), incident(), duty()):
        crm.flush(batch)
    FiledReports(database).note(f"{case_id}/override/1", f"{MARK} reference")
    TrainingRecords(database).record(
        TrainingRecord(
            principal="anna", course="inquiry_handling", completed_at=MONDAY, recorded_at=MONDAY,
            recorded_by="dora", evidence=f"{MARK} evidence",
        )
    )  # fmt: skip
    pem = holder(at=MONDAY, name=f"{MARK} Rita", addresses=(f"rita@{MARK}.example",)).pem
    RecipientKeys(database, lambda: MONDAY).add("rita", pem, address=None, added_by="lena")


def write_old(url: URL | str, scratch: Database) -> dict[str, int]:
    """Write them as version 0.2 did, into a database of its schema; return the rows by table.

    Args:
        url: The database, migrated to head: its schema is taken back.
        scratch: Where they are made.
    """
    write(scratch)
    migrate.downgrade(url, UNCHAINED)
    counts = {}
    with closing(Database(url)) as database:
        known = inspect(database.engine)
        for table in metadata.sorted_tables:
            if table is streams or any(map(is_sealed, table.columns)):
                columns = {column["name"] for column in known.get_columns(table.name)}
                rows = scratch.rows(select(table))
                _insert(
                    database, table, [{n: row[n] for n in row.keys() & columns} for row in rows]
                )
                counts[table.name] = len(rows)
    del counts[streams.name]
    return counts


def _insert(database: Database, table: Table, rows: list[dict[str, Any]]) -> None:
    database.write(lambda connection: connection.execute(insert(table), rows))


def inquiry(case_id: str = INQUIRY, *, at: float = 0) -> FlushBatch:
    """Return what opens an inquiry, with a row for each register."""
    told = opening(
        customer=CUSTOMER, subject=f"{MARK} subject", text=f"{MARK} text", request_digest=MARK
    )
    fields: dict[str, Any] = {
        "resolution": f"{MARK} resolution",
        "feedback": f"{MARK} feedback",
    }
    return FlushBatch(
        stream=case_id,
        case_id=case_id,
        case=case(2, case_id, **fields),
        outgoing=Outgoing(
            entries=(entry(1, detail={"text": f"{MARK} said"}), entry(2, detail={"n": [MARK]})),
            opening=told,
            escalations=(
                rung(case_id=case_id, cause=f"{MARK} cause", ended_because=f"{MARK} end"),
            ),
            tasks=(task(f"{case_id}/t", case_id, outcome=f"{MARK} outcome"),),
            messages=(message(f"{case_id}/m", case_id, body=f"{MARK} body"),),
            verifications=(verification(f"{case_id}/1", case_id),),
            confirmations=(
                confirmation(
                    f"{case_id}/1", case_id, receiving_party_name=f"{MARK} house",
                    tracking_number=f"1{MARK}", items=(f"{MARK}_item",), missing=(f"{MARK}_none",),
                    reason=f"{MARK} reason",
                ),
            ),
            reports=(
                incident_report(
                    f"{case_id}/override/1", case_id, text=f"{MARK} text", reason=f"{MARK} reason"
                ),
            ),
        ),
        at=after(at),
    )  # fmt: skip


def handoff(handoff_id: str = HANDOFF) -> FlushBatch:
    """Return what opens a handoff."""
    row = HandoffRow(
        handoff_id=handoff_id,
        version=1,
        customer_id=CUSTOMER.customer_id,
        stage=HandoffStage.OFFERED,
        subject=f"{MARK} subject",
        text=f"{MARK} text",
        items=(Item(item="card", description=f"{MARK} card"),),
        confirmed_items=(MARK,),
        missing_items=(MARK,),
        brief=f"{MARK} brief",
        opened_by="anna",
        receiving_party="rita",
        receiving_party_name=f"{MARK} house",
        receiving_party_contact=f"house@{MARK}.example",
        tracking_number=f"1{MARK}",
        custody="rita",
        custody_since=MONDAY,
        received_at=MONDAY,
        request_digest=MARK,
    )
    told = Outgoing(entries=(entry(1, detail={"text": MARK}),), opening=opening(customer=CUSTOMER))
    return FlushBatch(stream=handoff_id, case_id=handoff_id, handoff=row, outgoing=told, at=MONDAY)


def incident(incident_id: str = INCIDENT) -> FlushBatch:
    """Return what a breach's workflow flushes."""
    action = CorrectiveAction(
        action="labels", description=f"{MARK} labels", owner="anna", due_at=MONDAY,
        opened_at=MONDAY, result=f"{MARK} done",
    )  # fmt: skip
    row = IncidentRow(
        incident_id=incident_id,
        version=1,
        case_id=HANDOFF,
        stage=IncidentStage.OPEN,
        clause="HOF-5.2",
        subject=f"{MARK} subject",
        text=f"{MARK} text",
        opened_by="anna",
        known_at=MONDAY,
        regulator_due_at=MONDAY + timedelta(days=3),
        regulator_reference=f"{MARK} reference",
        regulator_decision=f"{MARK} decision",
        actions=(action,),
        received_at=MONDAY,
        outcome=f"{MARK} outcome",
        request_digest=MARK,
    )
    told = Outgoing(entries=(entry(1, detail={"text": MARK}),))
    return FlushBatch(
        stream=incident_id, case_id=incident_id, incident=row, outgoing=told, at=MONDAY
    )


def duty(duty_id: str = DUTY) -> FlushBatch:
    """Return what a duty's workflow flushes."""
    row = DutyRow(
        duty_id=duty_id,
        version=1,
        kind=DutyKind.AUDIT,
        stage=DutyStage.OPEN,
        clause="HOF-6.2",
        subject=f"{MARK} subject",
        role=Role.QUALITY_MANAGER,
        due_at=MONDAY,
        findings=f"{MARK} findings",
    )
    told = Outgoing(entries=(entry(1, detail={"text": MARK}),))
    return FlushBatch(stream=duty_id, case_id=duty_id, duty=row, outgoing=told, at=MONDAY)


def shown(database: Database, case_id: str = INQUIRY) -> list[BaseModel]:
    """Return everything that is read of them, by every read model; nothing is None."""
    crm, handoffs = CrmReads(database), HandoffReads(database)
    incidents, duties = IncidentReads(database), DutyReads(database)
    single = (
        crm.case(case_id),
        handoffs.handoff(HANDOFF),
        incidents.incident(INCIDENT),
        duties.duty(DUTY),
        *map(crm.standing, (case_id, HANDOFF, INCIDENT)),
    )
    found = [each for each in single if each is not None]
    assert len(found) == len(single)
    return [
        *found,
        *(line for stream in (case_id, HANDOFF, INCIDENT, DUTY) for line in crm.timeline(stream)),
        *crm.escalations(case_id),
        *crm.tasks(),
        *crm.outbox(),
        *crm.cases(CaseFilter()).cases,
        *handoffs.handoffs(HandoffFilter()).handoffs,
        *handoffs.confirmations(case_id),
        *handoffs.verifications(case_id),
        *handoffs.reports(case_id),
        *incidents.incidents(IncidentFilter()).incidents,
        *incidents.reports(ReportFilter()).reports,
        *TrainingRecords(database).of("anna"),
        *RecipientKeys(database).list(),
    ]
