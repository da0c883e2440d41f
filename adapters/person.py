"""Everything that is kept of one person, read for an export or an erasure (HOF-5.1)."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import exists, or_, select

from activities.privacy_ports import OpenCase
from adapters.database import Database
from adapters.disposal_tables import disposed_cases
from adapters.handoff_tables import handoffs
from adapters.person_sections import (
    ALWAYS,
    SECTIONS,
    STAFF_IN_DETAILS,
    WHOLLY_WITHHELD,
    Part,
    case_ids,
    own_cases,
)
from adapters.privacy_tables import privacy_requests
from adapters.staff_tables import duties
from adapters.tables import cases
from sop.erased import ERASED, ERASED_PARTICULARS
from sop.privacy.export import Dossier, Section, Withheld, WithheldBecause

_RECORD: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
_STAFF_RECIPIENT = "principal:"
_OTHERS = WithheldBecause.OTHER_PERSONS
_OF_ACTIONS = frozenset({"owner", "done_by"})


class PersonRecords:
    """Implements `activities.privacy_ports.PersonPort`."""

    def __init__(self, database: Database) -> None:
        """Read from the CRM's database."""
        self._database = database

    def theirs(self, customer_id: str, case_ids: Collection[str]) -> frozenset[str]:
        """Return which inquiries and handoffs are a person's, or what is left of them is.

        Raises:
            CrmUnavailableError: Try again.
        """
        every = own_cases(customer_id).subquery()
        query = select(every.c.case_id).where(every.c.case_id.in_(case_ids))
        return self._database.read(lambda connection: frozenset(connection.scalars(query)))

    def open_cases(self, customer_id: str, request_id: str | None = None) -> tuple[OpenCase, ...]:
        """Return a person's open cases: handoffs first, which inquiries wait for.

        What an erasure has terminated is over, though its row says nothing of it.

        Args:
            customer_id: The person.
            request_id: Only what was opened before this privacy request was released, if it was.
        """
        released = (
            select(privacy_requests.c.released_at)
            .where(privacy_requests.c.request_id == request_id)
            .scalar_subquery()
        )
        of_handoffs = select(handoffs.c.handoff_id, handoffs.c.inquiry_id).where(
            handoffs.c.customer_id == customer_id,
            handoffs.c.closed_at.is_(None),
            or_(released.is_(None), handoffs.c.opened_at <= released),
            ~exists().where(disposed_cases.c.case_id == handoffs.c.handoff_id),
        )
        of_inquiries = select(cases.c.case_id).where(
            cases.c.customer_id == customer_id,
            cases.c.closed_at.is_(None),
            or_(released.is_(None), cases.c.opened_at <= released),
            ~exists().where(disposed_cases.c.case_id == cases.c.case_id),
        )
        return self._database.read(
            lambda connection: (
                *(OpenCase(*row) for row in connection.execute(of_handoffs)),
                *map(OpenCase, connection.execute(of_inquiries).scalars()),
            )
        )

    def open_audits(self, customer_id: str) -> tuple[str, ...]:
        """Return the ids of the duties about a person's cases that nobody has done yet."""
        query = select(duties.c.duty_id).where(
            duties.c.about.in_(case_ids(customer_id)), duties.c.done_at.is_(None)
        )
        return self._database.read(lambda connection: (*connection.execute(query).scalars(),))

    def dossier(self, request_id: str, customer_id: str, at: datetime) -> Dossier:
        """Return every record of a person, and what is withheld of it and why."""
        sections, shows = [], _Filter()
        for part in SECTIONS:
            query = select(part.table).where(part.owned(customer_id))
            rows = self._database.rows(query.order_by(*part.table.primary_key))
            records = tuple(shows.record(part, row) for row in rows)
            sections.append(
                Section(name=part.name, record_class=part.record_class, records=records)
            )
        left_out = [
            Withheld(section=section, field=field, why=why, records=number)
            for (section, field, why), number in sorted(shows.left_out.items())
        ]
        wholly = [Withheld(section=name, why=why) for name, why in WHOLLY_WITHHELD.items()]
        return Dossier(
            request_id=request_id,
            customer_id=customer_id,
            made_at=at,
            sections=tuple(sections),
            withheld=(*left_out, *wholly),
        )


class _Filter:
    """Shows what an export shows of a row, and counts what it leaves out."""

    def __init__(self) -> None:
        self.left_out = Counter[tuple[str, str, WithheldBecause]]()

    def record(self, part: Part, row: Mapping[str, object]) -> dict[str, JsonValue]:
        """Return a row as JSON."""
        hidden, shown = {**ALWAYS, **part.withheld}, dict[str, Any]()
        for name, value in row.items():
            if name in hidden:
                self._leave_out(part, name, hidden[name], value)
            elif value in (ERASED, ERASED_PARTICULARS):
                self._leave_out(part, name, WithheldBecause.ERASED, value)
            else:
                shown[name] = self._shown(part, name, value)
        return _RECORD.validate_python(_ANYTHING.dump_python(shown, mode="json"))

    def _leave_out(self, part: Part, name: str, why: WithheldBecause, value: object) -> None:
        if value is not None:
            self.left_out[part.name, name, why] += 1

    def _shown(self, part: Part, name: str, value: object) -> object:
        if name == "detail" and isinstance(value, Mapping):
            for member in value.keys() & STAFF_IN_DETAILS:
                self.left_out[part.name, f"detail.{member}", _OTHERS] += 1
            return _without(value, STAFF_IN_DETAILS)
        if name == "forms" and isinstance(value, list) and value:
            self.left_out[part.name, "forms.matched", WithheldBecause.SECURITY] += 1
            return [_kind(form) for form in value]
        if name == "actions" and isinstance(value, list) and value:
            self.left_out[part.name, "actions.owner", _OTHERS] += 1
            return [_without(action, _OF_ACTIONS) for action in value]
        if name == "recipient" and str(value).startswith(_STAFF_RECIPIENT):
            self.left_out[part.name, name, _OTHERS] += 1
            return "staff"
        return value


def _kind(form: object) -> object:
    """Return which form was asked for, without whether it matched."""
    return form.get("form") if isinstance(form, Mapping) else form


def _without(value: Mapping[str, object], names: frozenset[str]) -> dict[str, object]:
    return {name: held for name, held in value.items() if name not in names}
