"""The ids of cases and Updates: they follow from the caller and the key, so that twice is once."""

import hashlib
import uuid

from sop.messages import Command


def inquiry_id(principal: str, key: str) -> str:
    """Return the id of the inquiry that a caller opens with a key: the workflow id and case id."""
    return f"inquiry-{_mark(principal, key)}"


def handoff_id(principal: str, key: str) -> str:
    """Return the id of the handoff that a caller opens with a key."""
    return f"handoff-{_mark(principal, key)}"


def incident_id(principal: str, key: str) -> str:
    """Return the id of the incident that a caller opens with a key."""
    return f"incident-{_mark(principal, key)}"


def privacy_id(principal: str, key: str) -> str:
    """Return the id of the privacy request that a caller opens with a key."""
    return f"privacy-{_mark(principal, key)}"


def update_id(command: Command, key: str | None) -> str:
    """Return the id of an Update: the same for the same caller, step and key."""
    if key is None:
        return f"{command.step}/{uuid.uuid4().hex[:20]}"
    return f"{command.step}/{_mark(command.actor.principal, key)}"


def _mark(principal: str, key: str) -> str:
    return hashlib.sha256(f"{principal}\n{key}".encode()).hexdigest()[:20]
