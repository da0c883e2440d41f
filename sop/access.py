"""Who may do what to which object: role, action and object rule in one table.

INQ-3, HOF-3, HOF-5.3, INQ-7.2. The routes ask it with what the CRM knows of a case, and the
workflow asks it again with the case's own facts. What somebody may not see does not exist.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from sop.errors import HiddenCaseError, NotAllowedError
from sop.models import Actor, Role
from sop.object_rules import EVERY_OBJECT, ObjectFacts, ObjectKind, ObjectRule, reaches

Row = Mapping[Role, ObjectRule]

_ANY, _DESK, _OWN = ObjectRule.ANY, ObjectRule.DESK, ObjectRule.OWN

_LEADERS = (Role.TEAM_LEADER, Role.DUTY_MANAGER)
_MANAGERS = (Role.QUALITY_MANAGER, Role.DUTY_MANAGER)
_SUPERVISORS = (Role.TEAM_LEADER, *_MANAGERS)
_EXPERTS = (Role.SUBJECT_MATTER_EXPERT, *_SUPERVISORS)
_STAFF = (Role.CSR, *_EXPERTS)


def _row(rule: ObjectRule, roles: Iterable[Role], *others: Row) -> Row:
    cells = dict.fromkeys(roles, rule)
    for other in others:
        cells.update(other)
    return MappingProxyType(cells)


_AUDITORS = _row(_DESK, (Role.AUDITOR, Role.PRIVACY_OFFICER))
_WATCHERS = _row(_DESK, (Role.OPERATOR,), _AUDITORS)
_OPERATOR = _row(_DESK, (Role.OPERATOR,))
_OF_SERVICE = _row(_OWN, (Role.SERVICE,))
_OF_COURIER = _row(ObjectRule.COURIER, (Role.SERVICE,))
_OFFERED = _row(ObjectRule.OFFERED, (Role.RECEIVING_PARTY,))
_BY_ANYBODY = _row(_DESK, _STAFF)
"""What a customer brings to whoever answers, and what lets a colleague take over."""
_BY_THEIR_OWN = _row(_DESK, _EXPERTS, _row(ObjectRule.ASSIGNED, (Role.CSR,)))
"""The work on a case: its representative's, and everybody's who is asked for help with it."""
_OWN_TO_MOST = _row(_OWN, (Role.CSR, Role.SUBJECT_MATTER_EXPERT))

PERMITTED: Mapping[str, Row] = MappingProxyType(
    {
        # Inquiries
        "open": _row(_ANY, (*_STAFF, Role.SERVICE)),
        "read": _row(_DESK, _STAFF, _WATCHERS, _OF_SERVICE),
        "read_escalations": _row(_DESK, _STAFF, _WATCHERS, _OF_SERVICE),
        "read_certificate": _row(_DESK, _STAFF, _WATCHERS, _OF_SERVICE),
        "read_explanation": _row(_DESK, _STAFF, _AUDITORS),
        "record_reception": _BY_THEIR_OWN,
        "categorise": _row(_DESK, (), _BY_THEIR_OWN, _OF_SERVICE),
        "record_verification": _row(_DESK, (), _BY_THEIR_OWN, _OF_SERVICE),
        "respond": _BY_THEIR_OWN,
        "promise": _BY_THEIR_OWN,
        "customer_replied": _row(_DESK, _STAFF, _OF_SERVICE),
        "wait_for_customer": _BY_THEIR_OWN,
        "resume": _BY_THEIR_OWN,
        "escalate": _BY_ANYBODY,
        "assign": _row(_DESK, _STAFF, _OPERATOR),
        "add_note": _row(_DESK, _STAFF, _OPERATOR, _OF_SERVICE),
        "resolve": _BY_THEIR_OWN,
        "record_follow_up": _row(_DESK, (), _BY_THEIR_OWN, _OF_SERVICE),
        "withdraw": _row(_DESK, (), _BY_THEIR_OWN, _OF_SERVICE),
        "mark_duplicate": _BY_THEIR_OWN,
        "adopt_policy": _row(_DESK, _LEADERS, _OPERATOR),
        "acknowledge": _row(ObjectRule.ON_CALL, (*_EXPERTS, Role.PRIVACY_OFFICER)),
        # Identity
        "identify": _row(ObjectRule.RECEIVER, (Role.RECEIVING_PARTY,), _BY_THEIR_OWN),
        "keep_identity_record": _row(_ANY, (Role.SERVICE, Role.OPERATOR)),
        "decide_discrepancy": _row(_DESK, _SUPERVISORS),
        "read_verifications": _row(_DESK, _SUPERVISORS, _AUDITORS),
        # Handoffs
        "open_handoff": _row(_DESK, (), _BY_THEIR_OWN, _OF_SERVICE),
        "read_handoff": _row(_DESK, _STAFF, _WATCHERS, _OF_COURIER, _OFFERED),
        "read_brief": _row(_DESK, _STAFF, _AUDITORS, _OFFERED),
        "confirm_items": _BY_THEIR_OWN,
        "complete_brief": _BY_THEIR_OWN,
        "tell_customer": _BY_THEIR_OWN,
        "change_receiver": _BY_THEIR_OWN,
        "transfer": _BY_THEIR_OWN,
        "report_courier": _row(_DESK, _STAFF, _OF_COURIER),
        "answer_offer": _row(ObjectRule.RECEIVER, (*_STAFF, Role.RECEIVING_PARTY)),
        "conclude": _BY_THEIR_OWN,
        # Incidents and reports
        "open_incident": _row(_ANY, _STAFF),
        "read_incident": _row(_DESK, _STAFF, _WATCHERS),
        "add_action": _BY_ANYBODY,
        "complete_action": _BY_ANYBODY,  # its owner's, or a manager's: the incident says whose
        "inform_regulator": _row(_DESK, _MANAGERS),
        "decide_not_notifiable": _row(_DESK, _MANAGERS),
        "close_incident": _row(_DESK, _MANAGERS),
        "read_incident_reports": _row(_DESK, _SUPERVISORS, _AUDITORS),
        # The desk and its people
        "read_tasks": _row(_DESK, _STAFF, _WATCHERS, _OF_SERVICE),
        "read_policy": _row(
            _ANY,
            (*_STAFF, Role.SERVICE, Role.OPERATOR, Role.AUDITOR, Role.PRIVACY_OFFICER),
        ),
        "read_duties": _row(
            _DESK, _SUPERVISORS, _row(_DESK, (Role.OPERATOR, Role.AUDITOR)), _OWN_TO_MOST
        ),
        "complete_duty": _row(_DESK, _SUPERVISORS, _OWN_TO_MOST),
        "assign_duty": _row(_DESK, _SUPERVISORS, _OPERATOR),
        "record_training": _row(_ANY, (*_SUPERVISORS, Role.OPERATOR)),
        "read_training": _row(
            _ANY,
            (*_SUPERVISORS, Role.OPERATOR, Role.AUDITOR),
            _OWN_TO_MOST,
            _row(_OWN, (Role.RECEIVING_PARTY,)),
        ),
        "list_expiring_training": _row(_ANY, (*_SUPERVISORS, Role.OPERATOR, Role.AUDITOR)),
        "manage_recipients": _row(_ANY, (*_LEADERS, Role.OPERATOR)),
        "read_recipients": _row(_ANY, (*_STAFF, Role.OPERATOR, Role.AUDITOR, Role.PRIVACY_OFFICER)),
        # Privacy: anybody at the desk takes a request, the officer works it; two people release it,
        # as `sop.privacy` says.
        "open_privacy_request": _row(_ANY, (*_STAFF, Role.SERVICE, Role.PRIVACY_OFFICER)),
        "verify_requester": _row(_ANY, (Role.PRIVACY_OFFICER,)),
        "approve_privacy_request": _row(_ANY, (Role.PRIVACY_OFFICER, *_MANAGERS)),
        "release_privacy_request": _row(_ANY, (Role.PRIVACY_OFFICER, *_MANAGERS)),
        "reject_privacy_request": _row(_ANY, (Role.PRIVACY_OFFICER,)),
        "extend_privacy_request": _row(_ANY, (Role.PRIVACY_OFFICER,)),
        "complete_privacy_request": _row(_ANY, (Role.PRIVACY_OFFICER,)),
        "place_hold": _row(_ANY, (Role.PRIVACY_OFFICER,)),
        "review_hold": _row(_ANY, (Role.PRIVACY_OFFICER,)),
        "release_hold": _row(_ANY, (Role.PRIVACY_OFFICER, *_MANAGERS)),
        "read_privacy_requests": _row(_ANY, (Role.PRIVACY_OFFICER, Role.AUDITOR, *_MANAGERS)),
        "read_privacy_export": _row(_ANY, (Role.PRIVACY_OFFICER,)),
        # What an erasure had to leave: for everybody else it does not exist.
        "read_restricted": _row(_ANY, (Role.PRIVACY_OFFICER, Role.AUDITOR)),
        # Plain text in the Temporal UI, by the codec server: for whom the case has its words.
        "decode": _row(_DESK, _STAFF, _AUDITORS),
        "read_access_log": _row(_ANY, (Role.AUDITOR, Role.PRIVACY_OFFICER)),
    }
)
"""Action to role to the objects that it reaches. What is not in the table nobody may do."""

READS: Mapping[ObjectKind, str] = MappingProxyType(
    {
        ObjectKind.INQUIRY: "read",
        ObjectKind.HANDOFF: "read_handoff",
        ObjectKind.INCIDENT: "read_incident",
        ObjectKind.DUTY: "read_duties",
        ObjectKind.PRIVACY: "read_privacy_requests",
    }
)
"""The action that says for whom an object of a kind exists."""

_REFUSALS: Mapping[ObjectRule, tuple[str, str]] = MappingProxyType(
    {
        ObjectRule.ASSIGNED: (
            "The case is another representative's: let them do it, or have it assigned to you.",
            "HOF-5.3",
        ),
        ObjectRule.RECEIVER: (
            "Only the receiving party of this handoff acknowledges it.",
            "HOF-3.3",
        ),
        ObjectRule.ON_CALL: ("The role is not in the chain of this escalation.", "INQ-3.2"),
    }
)
_FOREIGN = ("It is another one's.", "HOF-5.3")


def rule_of(actor: Actor, action: str) -> ObjectRule | None:
    """Return which objects an action reaches for an actor; None: the role may not do it at all."""
    return PERMITTED.get(action, {}).get(actor.role)


def may(actor: Actor, action: str) -> bool:
    """Return whether the table permits an action to a role, with some objects at least."""
    return rule_of(actor, action) is not None


def needs_facts(actor: Actor, action: str, kind: ObjectKind) -> bool:
    """Return whether it depends on the object whether an actor sees it and may do this."""
    return not {rule_of(actor, action), rule_of(actor, READS[kind])} <= EVERY_OBJECT


def is_bound(actor: Actor, action: str) -> bool:
    """Return whether an action reaches only some objects for an actor: a list shows no others."""
    return rule_of(actor, action) not in EVERY_OBJECT


def sees(actor: Actor, facts: ObjectFacts) -> bool:
    """Return whether an object exists for an actor (HOF-5.1, HOF-5.3)."""
    if facts.restricted and not may(actor, "read_restricted"):
        return False
    if facts.kind is None:
        return True
    rule = rule_of(actor, READS[facts.kind])
    return rule is not None and reaches(rule, actor, facts)


def may_on(actor: Actor, action: str, facts: ObjectFacts) -> bool:
    """Return whether the table permits an action with an object that the actor sees."""
    rule = rule_of(actor, action)
    return rule is not None and reaches(rule, actor, facts)


def require(actor: Actor, action: str) -> None:
    """Refuse what the table permits to a role with no object.

    Raises:
        NotAllowedError: The actor's role may not do this.
    """
    if not may(actor, action):
        allowed = ", ".join(sorted(PERMITTED.get(action, {}))) or "nobody"
        raise NotAllowedError(
            f"The role {actor.role} may not {action.replace('_', ' ')}; permitted: {allowed}.",
            clause="INQ-3.2" if action in {"adopt_policy", "acknowledge"} else "INQ-3.1",
        )


def require_on(actor: Actor, action: str, facts: ObjectFacts) -> None:
    """Refuse what the table does not permit with this object.

    Raises:
        NotAllowedError: The actor's role may not do this, or not with this object.
        HiddenCaseError: The object does not exist for the actor.
    """
    require(actor, action)
    if not sees(actor, facts):
        raise HiddenCaseError("There is no such case.", clause="HOF-5.3")
    rule = rule_of(actor, action)
    if rule is not None and not reaches(rule, actor, facts):
        message, clause = _REFUSALS.get(rule, _FOREIGN)
        raise NotAllowedError(message, clause=clause)
