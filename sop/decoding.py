"""Whose payloads may be shown in plain text to whom (INQ-3.1, HOF-3.3, HOF-5.2).

Who may decode, and with which cases, is a row of the table in `sop.access`; here is what keys
belong to besides cases.
"""

from sop.access import may, may_on, sees
from sop.keys import STAFF
from sop.models import Actor
from sop.object_rules import ObjectFacts


def may_decode(actor: Actor, owner: str, facts: ObjectFacts | None) -> bool:
    """Return whether somebody may see the payloads of a key's owner in plain text.

    Args:
        actor: Who asks.
        owner: A case's id, a privacy request's, or `handrail` for what belongs to none.
        facts: What the CRM knows of the case; None: nothing, and then nobody sees it.
    """
    if not may(actor, "decode"):
        return False
    if owner == STAFF:
        return True
    if owner.startswith("privacy-"):
        return may(actor, "read_privacy_requests")
    return facts is not None and sees(actor, facts) and may_on(actor, "decode", facts)
