"""Whose payloads may be shown in plain text to whom (INQ-3.1, HOF-3.3, HOF-5.2).

Who may decode at all is a row of the table in `sop.access`; here is the rule of the object.
"""

from collections.abc import Mapping

from sop.access import may, only_own_duties
from sop.keys import STAFF
from sop.models import Actor, Payload, Role

READING: Mapping[str, str] = {
    "inquiry": "read",
    "handoff": "read_handoff",
    "incident": "read",
    "duty": "read_duties",
}
"""What a key's owner begins with, and the action that reads it."""

_PRIVACY = frozenset({Role.AUDITOR, Role.PRIVACY_OFFICER})


class OwnerFacts(Payload):
    """What the CRM knows of a case whose payloads are asked for.

    Attributes:
        people: Whom a duty is about, and who has it.
        role: As what it is to be done.
    """

    owner: str
    people: frozenset[str] = frozenset()
    role: str | None = None


def may_decode(actor: Actor, owner: str, facts: OwnerFacts | None) -> bool:
    """Return whether somebody may see the payloads of a key's owner in plain text.

    Args:
        actor: Who asks.
        owner: A case's id, or `handrail` for what belongs to no case.
        facts: What the CRM knows of the case; None: nothing, and then nobody sees it.
    """
    if not may(actor, "decode"):
        return False
    kind = owner.partition("-")[0]
    if owner == STAFF:
        return True
    if kind == "privacy":
        return actor.role in _PRIVACY
    if facts is None or kind not in READING or not may(actor, READING[kind]):
        return False
    if kind == "duty" and only_own_duties(actor):
        return actor.principal in facts.people or facts.role == str(actor.role)
    return True
