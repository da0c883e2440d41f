"""Which objects a permitted action reaches: one rule for each cell of the table in `sop.access`.

Pure predicates over who asks and what is known of the object (HOF-5.3, INQ-7.2).
"""

from enum import StrEnum

from sop.models import Actor, Payload, Role


class ObjectKind(StrEnum):
    """What an action is about; the id of a case begins with it."""

    INQUIRY = "inquiry"
    HANDOFF = "handoff"
    INCIDENT = "incident"
    DUTY = "duty"
    PRIVACY = "privacy"


class ObjectRule(StrEnum):
    """Which objects of a kind an action reaches."""

    ANY = "any"
    """The action is about no case: a register as a whole, a record that belongs to the house."""
    DESK = "desk"
    """Every case: the desk's work is everybody's of this role."""
    ASSIGNED = "assigned"
    """A representative's own cases, and those that nobody has yet."""
    OFFERED = "offered"
    """A handoff that is offered to the actor now, or that the actor has accepted (HOF-3.3)."""
    RECEIVER = "receiver"
    """A handoff of which the actor is the receiving party."""
    ON_CALL = "on_call"
    """An escalation whose chain has the actor's role: it was paged, or is when it climbs."""
    OWN = "own"
    """What the actor opened, or what is theirs or about them: a duty, a training."""
    COURIER = "courier"
    """What the actor opened, or carries: the principal is the courier's name in the policy."""


EVERY_OBJECT = frozenset({ObjectRule.ANY, ObjectRule.DESK})
"""The rules that ask for nothing of the object."""


class ObjectFacts(Payload):
    """What is known of an object when somebody asks for it; None and empty where it has none.

    Attributes:
        opened_by: The principal who opened it.
        customer_id: Whose case it is. No rule asks for it: requests are counted by it.
        assignee: Who works on it, or must do it.
        holder: Who has it now: whoever took its highest escalation, else the assignee.
        receiving_party: To whom it is to be handed over.
        offered_to: For which receiving party it exists now.
        carrier: The courier that has, or last had, what is handed over.
        about: Whose record it is, or whom a duty is about.
        for_roles: The roles whose duty it is.
        chain: The roles that its rung pages, lowest first; None: not known here.
        policy_version: The policy that it is pinned to.
        restricted: It, or what a duty is about, is what an erasure had to leave (HOF-5.1).
    """

    kind: ObjectKind | None = None
    opened_by: str | None = None
    customer_id: str | None = None
    assignee: str | None = None
    holder: str | None = None
    receiving_party: str | None = None
    offered_to: str | None = None
    carrier: str | None = None
    about: str | None = None
    for_roles: tuple[Role, ...] = ()
    chain: tuple[Role, ...] | None = None
    policy_version: str = ""
    restricted: bool = False


class Presence(StrEnum):
    """What the CRM knows of an id."""

    UNKNOWN = "unknown"
    RECORDED = "recorded"
    """It has its row, or keeps in mind that it was disposed of."""
    RESTRICTED = "restricted"
    """It is what an erasure had to leave (HOF-5.1)."""


def object_kind(case_id: str) -> ObjectKind | None:
    """Return what an id begins with; None for what is no object's id."""
    prefix, dash, rest = case_id.partition("-")
    return ObjectKind(prefix) if dash and rest and prefix in set(ObjectKind) else None


def reaches(rule: ObjectRule, actor: Actor, facts: ObjectFacts) -> bool:
    """Return whether a rule lets an actor at an object."""
    found = rule in EVERY_OBJECT
    match rule:
        case ObjectRule.ASSIGNED:
            found = _assigned(actor, facts)
        case ObjectRule.OFFERED:
            found = facts.offered_to == actor.principal
        case ObjectRule.RECEIVER:
            found = facts.receiving_party == actor.principal
        case ObjectRule.ON_CALL:
            found = facts.chain is None or actor.role in facts.chain
        case ObjectRule.OWN:
            found = _own(actor, facts)
        case ObjectRule.COURIER:
            found = actor.principal in {facts.opened_by, facts.carrier}
    return found


def _assigned(actor: Actor, facts: ObjectFacts) -> bool:
    # The receiving party, where it is a representative, works on what is handed over to it.
    theirs = {facts.assignee, facts.holder, facts.opened_by, facts.receiving_party}
    return facts.assignee is None or actor.principal in theirs


def _own(actor: Actor, facts: ObjectFacts) -> bool:
    if facts.kind is ObjectKind.DUTY:
        theirs = actor.principal in {facts.assignee, facts.about}
        return theirs or actor.role in facts.for_roles
    return actor.principal in {facts.opened_by, facts.about}
