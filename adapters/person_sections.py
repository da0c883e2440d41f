"""Which table holds what of a person, and what of it an export withholds (HOF-5.1).

A table that stands neither here nor in `OF_NOBODY` fails a test: whoever adds one decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, Table, or_, select, union

from adapters.access_tables import access_log, access_log_purges
from adapters.disposal_tables import disposals, disposed_cases
from adapters.handoff_tables import (
    handoff_confirmations,
    handoffs,
    recipient_keys,
    verification_log,
)
from adapters.identity_tables import identity_attempts, identity_factors
from adapters.incident_tables import filed_reports, incident_reports, incidents
from adapters.privacy_tables import privacy_exports, privacy_requests, restrictions
from adapters.proof_tables import (
    certificate_cases,
    certificates,
    checkpoint_deliveries,
    checkpoints,
    log_leaves,
    log_queue,
)
from adapters.staff_tables import duties, training_records
from adapters.tables import (
    api_keys,
    cases,
    customers,
    escalations,
    journal_entries,
    outbox,
    streams,
    tasks,
)
from sop.privacy.export import WithheldBecause

Why = Mapping[str, WithheldBecause]

_TECHNICAL = dict.fromkeys(
    ("stream", "version", "written_at", "entry", "entry_id", "request_digest", "revision",
     "position", "salt", "commitment", "hash", "purged_by", "attempt_id"),
    WithheldBecause.TECHNICAL,
)  # fmt: skip
_STAFF = dict.fromkeys(
    ("assignee", "holder", "opened_by", "responsible", "principal", "acknowledged_by",
     "representative", "decided_by", "reported_by", "closed_by", "done_by", "sender", "custody",
     "verified_by", "approved_by", "released_by"),
    WithheldBecause.OTHER_PERSONS,
)  # fmt: skip
ALWAYS: Why = MappingProxyType({**_TECHNICAL, **_STAFF})
"""Columns that no section shows, where a table has them."""

STAFF_IN_DETAILS = frozenset(
    ("assignee", "to_assignee", "from_assignee", "owner", "holder", "held_by", "approved_by",
     "verified_by", "decided_by", "responsible", "introduced", "excluded", "findings", "custody",
     "from_party", "to_party"),
)  # fmt: skip
"""Members of a journal entry's detail that name somebody else."""


@dataclass(frozen=True)
class Part:
    """One section of an export.

    Attributes:
        owned: Returns which rows are a person's.
        withheld: What is left out besides `ALWAYS`, by column.
    """

    name: str
    table: Table
    record_class: str
    owned: Callable[[str], ColumnElement[bool]]
    withheld: Why = field(default_factory=dict)


def _of_customer(table: Table) -> Callable[[str], ColumnElement[bool]]:
    return lambda customer_id: table.c.customer_id == customer_id


def _of_case(column: ColumnElement[Any]) -> Callable[[str], ColumnElement[bool]]:
    return lambda customer_id: column.in_(case_ids(customer_id))


def _of_either(table: Table) -> Callable[[str], ColumnElement[bool]]:
    return lambda customer_id: or_(
        table.c.customer_id == customer_id, table.c.case_id.in_(case_ids(customer_id))
    )


def _own_cases(customer_id: str) -> tuple[Select[Any], ...]:
    return (
        select(cases.c.case_id).where(cases.c.customer_id == customer_id),
        select(disposed_cases.c.case_id).where(disposed_cases.c.customer_id == customer_id),
        select(handoffs.c.handoff_id).where(handoffs.c.customer_id == customer_id),
    )


def own_cases(customer_id: str) -> CompoundSelect[Any]:
    """Return what reads the ids of a person's inquiries and handoffs, and of what is left of them.

    What is left names the person until nothing is left that could be held.
    """
    return union(*_own_cases(customer_id))


def case_ids(customer_id: str) -> Select[Any]:
    """Return what reads the ids of all that is about a person.

    Their inquiries and handoffs, incidents and audits of these, and their privacy requests.
    """
    own = own_cases(customer_id).subquery()
    owned = select(own.c.case_id)
    every = union(
        *_own_cases(customer_id),
        select(incidents.c.incident_id).where(incidents.c.case_id.in_(owned)),
        select(duties.c.duty_id).where(duties.c.about.in_(owned)),
        select(privacy_requests.c.request_id).where(privacy_requests.c.customer_id == customer_id),
    ).subquery()
    return select(every.c.case_id)


def _filed(customer_id: str) -> ColumnElement[bool]:
    reports = select(incident_reports.c.report_id).where(
        incident_reports.c.case_id.in_(case_ids(customer_id))
    )
    return filed_reports.c.report_id.in_(reports)


def _addressed(customer_id: str) -> ColumnElement[bool]:
    of_case = outbox.c.case_id.in_(case_ids(customer_id))
    return or_(of_case, outbox.c.recipient == f"customer:{customer_id}")


def _disposed(customer_id: str) -> ColumnElement[bool]:
    gone = select(disposed_cases.c.case_id).where(disposed_cases.c.customer_id == customer_id)
    return disposals.c.case_id.in_(gone)


SECTIONS = (
    Part("customer", customers, "inquiry", _of_customer(customers)),
    Part("inquiries", cases, "inquiry", _of_customer(cases)),
    Part("handoffs", handoffs, "handoff", _of_customer(handoffs)),
    Part("journal", journal_entries, "of its case", _of_case(journal_entries.c.case_id)),
    Part("escalations", escalations, "of its case", _of_case(escalations.c.case_id)),
    Part("tasks", tasks, "of its case", _of_case(tasks.c.case_id)),
    Part("messages", outbox, "of its case", _addressed),
    Part("identity_checks", verification_log, "verification", _of_either(verification_log)),
    Part(
        "identity_attempts",
        identity_attempts,
        "verification",
        _of_either(identity_attempts),
        {"matched": WithheldBecause.SECURITY},
    ),
    Part(
        "identity_forms",
        identity_factors,
        "inquiry",
        _of_customer(identity_factors),
        {"digest": WithheldBecause.SECURITY},
    ),
    Part("confirmations", handoff_confirmations, "handoff", _of_either(handoff_confirmations)),
    Part("reports", incident_reports, "incident", _of_case(incident_reports.c.case_id)),
    Part("reports_filed", filed_reports, "incident", _filed),
    Part("incidents", incidents, "incident", _of_case(incidents.c.case_id)),
    Part(
        "audits",
        duties,
        "handoff",
        _of_case(duties.c.about),
        {"findings": WithheldBecause.OTHER_PERSONS},
    ),
    Part("privacy_requests", privacy_requests, "incident", _of_customer(privacy_requests)),
    Part("restrictions", restrictions, "incident", _of_case(restrictions.c.case_id)),
    Part("disposed_cases", disposed_cases, "incident", _of_customer(disposed_cases)),
    Part("disposals", disposals, "incident", _disposed),
)
"""Every kind of record of a person, in the order of the document."""

WHOLLY_WITHHELD: Mapping[str, WithheldBecause] = MappingProxyType(
    {
        privacy_exports.name: WithheldBecause.COPY,
        streams.name: WithheldBecause.TECHNICAL,
        certificate_cases.name: WithheldBecause.TECHNICAL,
        log_leaves.name: WithheldBecause.TECHNICAL,
        log_queue.name: WithheldBecause.TECHNICAL,
        "temporal_histories": WithheldBecause.COPY,
        access_log.name: WithheldBecause.SECURITY,
    }
)
"""Stores that hold something of a person and are not shown, and why."""

OF_NOBODY = frozenset(
    table.name
    for table in (
        api_keys, training_records, recipient_keys, checkpoints, checkpoint_deliveries,
        certificates, access_log_purges,
    )
)  # fmt: skip
"""Tables that hold nothing of a customer: staff, receiving parties, proofs without cases."""
