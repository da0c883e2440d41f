"""Whose data a key protects: its owner and its record class, and how long a class is kept.

A data key belongs to one owner, mostly a case, and one class. Erasing the key erases what is
sealed with it, wherever copies of that are.
"""

import re
from enum import StrEnum

STAFF = "handrail"
"""The owner of what belongs to no case: schedules, the staff's records, receiving parties."""

_ESCALATION = re.compile(r"escalation-(?P<case>.+)-[a-z][a-z0-9_]*-[0-9]+")


class RecordClass(StrEnum):
    """What is kept, and destroyed, together.

    `HISTORY` is what Temporal holds; the others are the record classes of the procedures
    (INQ-7.1, HOF-7).
    """

    HISTORY = "history"
    INQUIRY = "inquiry"
    VERIFICATION = "verification"
    HANDOFF = "handoff"
    INCIDENT = "incident"


_OF_CASES = {
    "inquiry": RecordClass.INQUIRY,
    "handoff": RecordClass.HANDOFF,
    "incident": RecordClass.INCIDENT,
    "duty": RecordClass.HANDOFF,  # audits and trainings of HOF-6
    "privacy": RecordClass.INCIDENT,  # the proof of what was erased outlives what was
    "customer": RecordClass.INQUIRY,
}


def owner_of(workflow_id: str) -> str:
    """Return whose data a workflow handles: the case, for its escalations too."""
    escalation = _ESCALATION.fullmatch(workflow_id)
    if escalation is not None:
        return escalation["case"]
    return STAFF if workflow_id.startswith(f"{STAFF}-") else workflow_id


def customer_owner(customer_id: str) -> str:
    """Return the owner of a customer's own record: name and contacts, which cases share."""
    return f"customer-{customer_id}"


def class_of(owner: str) -> RecordClass:
    """Return the class of a case's own record; its registers have classes of their own."""
    return _OF_CASES.get(owner.partition("-")[0], RecordClass.HANDOFF)


_AT_THE_START = {
    "inquiry": (RecordClass.HISTORY, RecordClass.INQUIRY, RecordClass.VERIFICATION),
    "handoff": (RecordClass.HISTORY, RecordClass.HANDOFF, RecordClass.VERIFICATION),
    "customer": (RecordClass.INQUIRY,),
}


def classes_at_start(owner: str) -> tuple[RecordClass, ...]:
    """Return the classes that an owner nearly always needs: their keys are made at once."""
    default = (RecordClass.HISTORY, class_of(owner))
    return _AT_THE_START.get(owner.partition("-")[0], default)
