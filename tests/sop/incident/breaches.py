"""A breach in a few words: people, steps, and one incident with the clock in the test's hand."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sop.incident import messages as m
from sop.incident.incident import Incident, check_order
from sop.incident.models import IncidentOpening
from sop.incident.state import IncidentStart
from sop.messages import Command, Receipt
from sop.models import Actor, Entry, OutboxMessage, TaskRecord
from sop.outgoing import Outgoing
from sop.policy import IncidentPolicy
from sop.policy_file import read_policy
from sop.registers import IncidentReport
from sop.state import RungState
from tests.sop.builders import ANNA, DAY, DORA, MONDAY, QUINN
from tests.sop.policy_files import SHIPPED

INCIDENT_ID = "incident-5f0c2a9b71d3e84c5f0c"
CONCERNS = "inquiry-5f0c2a9b71d3e84c5f0c"

OPENING = IncidentOpening(
    clause="HOF-5.2",
    subject="A letter to the wrong customer",
    text="A letter with another customer's account number went out.",
    case_id=CONCERNS,
)
NOTED = m.AddIncidentNote(actor=ANNA, text="The letter came back unopened.")
ASSIGNED = m.AssignIncident(actor=QUINN, assignee="anna", reason="Knows the case.")
NOT_NEEDED = m.DecideNotNotifiable(actor=QUINN, reason="The letter came back unopened.")
CLOSED = m.CloseIncident(
    actor=QUINN, root_cause="Two labels on one envelope.", changed="Labels are printed one by one."
)


def mended(
    action: str = "labels",
    *,
    owner: str = "ben",
    due_at: datetime = MONDAY + 7 * DAY,
    actor: Actor = QUINN,
) -> m.AddAction:
    return m.AddAction(
        actor=actor, action=action, description="Print labels one by one.", owner=owner,
        due_at=due_at,
    )  # fmt: skip


def completed(action: str = "labels", actor: Actor = QUINN) -> m.CompleteAction:
    return m.CompleteAction(actor=actor, action=action, result="The printer is set so.")


def informed(at: datetime, actor: Actor = DORA) -> m.InformRegulator:
    return m.InformRegulator(actor=actor, informed_at=at, reference="R-77")


@cache
def incident_policy() -> IncidentPolicy:
    """Return the incident's part of the policy as it is shipped."""
    policy = read_policy(SHIPPED, holiday_dates=lambda *_: (), this_year=2026).incident
    assert policy is not None
    return policy


def order(
    *, opened_by: Actor = ANNA, policy: IncidentPolicy | None = None, **changes: Any
) -> m.IncidentOrder:
    return m.IncidentOrder(
        case_id=INCIDENT_ID,
        policy=policy or incident_policy(),
        opened_by=opened_by,
        received_at=MONDAY,
        opening=OPENING.model_copy(update=changes),
        digest="digest",
    )


@dataclass
class Breach:
    """An incident and the moment that it is, and what it has told the CRM so far."""

    incident: Incident
    now: datetime
    steps: int = 0
    told: Outgoing = field(default_factory=Outgoing)

    def do(self, *steps: Command) -> Receipt:
        """Report steps at this moment, one after the other; return the last receipt."""
        receipt = None
        for step in steps:
            self.steps += 1
            self.incident.check(step, self.now)
            receipt = self.incident.apply(step, self.now, cause=f"step-{self.steps}")
        assert receipt is not None
        self._hear()
        return receipt

    def at(self, now: datetime) -> None:
        """Let the time be this; everything that falls due until then happens when it is due."""
        while (due := self.incident.next_deadline()) is not None and due.at <= now:
            self.now = due.at
            self.incident.tick(due.at)
        self.now = now
        self._hear()

    def wakes(self, now: datetime) -> None:
        """Let a worker come back at this moment, and do at once what was due meanwhile."""
        self.now = now
        self.incident.tick(now)
        self._hear()

    def _hear(self) -> None:
        new = self.incident.take_pending()
        lists = ("entries", "escalations", "tasks", "messages", "reports")
        self.told = self.told.model_copy(
            update={name: getattr(self.told, name) + getattr(new, name) for name in lists}
        )

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.told.entries]

    def entry(self, kind: str) -> Entry:
        (found,) = (entry for entry in self.told.entries if entry.kind == kind)
        return found

    def fired(self) -> list[RungState]:
        return [rung for rung in self.incident.state.rungs if rung.fired_at is not None]

    def live(self) -> list[str]:
        return [rung.key for rung in self.incident.state.rungs if rung.live]

    def warnings(self) -> list[OutboxMessage]:
        return [message for message in self.told.messages if message.topic == "warning"]

    def tasks(self) -> dict[str, TaskRecord]:
        return {task.task_id.removeprefix(f"{INCIDENT_ID}/"): task for task in self.told.tasks}

    @property
    def reports(self) -> tuple[IncidentReport, ...]:
        return self.told.reports


def opened(now: datetime = MONDAY, **changes: Any) -> Breach:
    """Return an incident that was just opened, its first page on the way."""
    asked = order(**changes)
    check_order(asked)
    start = IncidentStart(
        case_id=INCIDENT_ID, policy=asked.policy, opened_by=asked.opened_by, order=asked
    )
    breach = Breach(Incident.begin(start, now), now)
    breach.incident.tick(now)
    breach.incident.take_new_escalations()
    breach.at(now)
    return breach
