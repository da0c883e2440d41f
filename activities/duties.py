"""What the schedules are to open, and whether a reminder is needed any more (INQ-8, HOF-6)."""

from dataclasses import dataclass

from pydantic import AwareDatetime
from temporalio import activity

from activities.failures import named_failures
from activities.ports import DutySource
from sop.duty import opening
from sop.duty.models import DutyOrder, Renewal
from sop.models import Payload
from sop.policy import Policy


class DutyQuestion(Payload):
    """What is to be opened at a moment, under the policy in force."""

    policy: Policy
    at: AwareDatetime


class DutyOrders(Payload):
    """What is to be opened; what was opened before is left out."""

    orders: tuple[DutyOrder, ...] = ()


@dataclass(frozen=True)
class DutyActivities:
    """Asks the CRM. Synchronous: runs in the worker's threads."""

    source: DutySource

    @activity.defn(name="reviews_due")
    def reviews_due(self, question: DutyQuestion) -> DutyOrders:
        """Return the review of the procedure that is due (INQ-8.1)."""
        policy = question.policy
        with named_failures():
            changed = self.source.knows_another_version(policy.version)
            return self._new(opening.reviews(policy, question.at, changed=changed))

    @activity.defn(name="reminders_due")
    def reminders_due(self, question: DutyQuestion) -> DutyOrders:
        """Return the reminders for trainings that end soon (INQ-8.2, HOF-6.1)."""
        with named_failures():
            latest = self.source.latest_trainings()
            due = self._new(opening.reminders(question.policy, latest, question.at)).orders
            return DutyOrders(orders=due[: opening.MOST_REMINDERS])

    @activity.defn(name="audits_due")
    def audits_due(self, question: DutyQuestion) -> DutyOrders:
        """Return the audits of a sample of the cases closed in the month before (HOF-6.2)."""
        policy = question.policy
        month = opening.last_month(policy, question.at)
        with named_failures():
            opened = self.source.opened_like(opening.audit_id(month, ""))
            closed = self.source.closed_between(month.begins, month.ends)
            drawn = opening.audited(policy, month, closed, opened)
            return DutyOrders(
                orders=tuple(
                    opening.audit(
                        policy, month, case_id, self.source.handlers_of(case_id), question.at
                    )
                    for case_id in drawn
                )
            )

    @activity.defn(name="is_renewed")
    def is_renewed(self, renewal: Renewal) -> bool:
        """Return whether the training that a reminder is about was recorded."""
        with named_failures():
            return self.source.trained_from(renewal.principal, renewal.course, renewal.renewed_from)

    def _new(self, orders: tuple[DutyOrder, ...]) -> DutyOrders:
        known = self.source.opened_among([order.duty_id for order in orders])
        return DutyOrders(orders=tuple(o for o in orders if o.duty_id not in known))
