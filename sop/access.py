"""Who may do what (INQ-3.1, INQ-3.2), and whose handoffs a receiving party sees (HOF-3.3, HOF-5.3).

One table of role and action; one rule of objects.
"""

from sop.errors import NotAllowedError
from sop.models import Actor, Role

_STAFF = frozenset(
    {
        Role.CSR,
        Role.TEAM_LEADER,
        Role.SUBJECT_MATTER_EXPERT,
        Role.QUALITY_MANAGER,
        Role.DUTY_MANAGER,
    }
)
_LEADERS = frozenset({Role.TEAM_LEADER, Role.DUTY_MANAGER})
_SUPERVISORS = _LEADERS | {Role.QUALITY_MANAGER}
_MANAGERS = frozenset({Role.QUALITY_MANAGER, Role.DUTY_MANAGER})
_OFFICERS = frozenset({Role.PRIVACY_OFFICER})
_READERS = _STAFF | {Role.SERVICE, Role.OPERATOR, Role.AUDITOR}

PERMITTED: dict[str, frozenset[Role]] = {
    "open": _STAFF | {Role.SERVICE},
    "read": _READERS,
    "record_reception": _STAFF,
    "categorise": _STAFF | {Role.SERVICE},
    "record_verification": _STAFF | {Role.SERVICE},
    "respond": _STAFF,
    "promise": _STAFF,
    "customer_replied": _STAFF | {Role.SERVICE},
    "wait_for_customer": _STAFF,
    "resume": _STAFF,
    "escalate": _STAFF,
    "assign": _STAFF | {Role.OPERATOR},
    "add_note": _STAFF | {Role.SERVICE, Role.OPERATOR},
    "resolve": _STAFF,
    "record_follow_up": _STAFF | {Role.SERVICE},
    "withdraw": _STAFF | {Role.SERVICE},
    "mark_duplicate": _STAFF,
    "adopt_policy": _LEADERS | {Role.OPERATOR},
    "acknowledge": (_STAFF - {Role.CSR}) | _OFFICERS,
    "record_training": _SUPERVISORS | {Role.OPERATOR},
    "read_training": _SUPERVISORS | {Role.OPERATOR, Role.AUDITOR},
    "read_own_training": _STAFF | {Role.RECEIVING_PARTY, Role.OPERATOR, Role.AUDITOR},
    "identify": _STAFF | {Role.RECEIVING_PARTY},
    "keep_identity_record": frozenset({Role.SERVICE, Role.OPERATOR}),
    "decide_discrepancy": _LEADERS | {Role.QUALITY_MANAGER},
    "open_handoff": _STAFF | {Role.SERVICE},
    "read_handoff": _READERS | {Role.RECEIVING_PARTY},
    "read_verifications": _SUPERVISORS | {Role.AUDITOR},
    # Which part failed: for nobody who checks identities.
    "read_form_results": frozenset({Role.AUDITOR}),
    "confirm_items": _STAFF,
    "complete_brief": _STAFF,
    "tell_customer": _STAFF,
    "change_receiver": _STAFF,
    "transfer": _STAFF,
    "report_courier": _STAFF | {Role.SERVICE},
    "answer_offer": _STAFF | {Role.RECEIVING_PARTY},
    "conclude": _STAFF,
    "read_duties": _READERS - {Role.SERVICE},
    "complete_duty": _STAFF,
    "assign_duty": _SUPERVISORS | {Role.OPERATOR},
    "open_incident": _STAFF,
    "add_action": _STAFF,
    "complete_action": _STAFF,
    "inform_regulator": _MANAGERS,
    "decide_not_notifiable": _MANAGERS,
    "close_incident": _MANAGERS,
    "read_incident_reports": _SUPERVISORS | {Role.AUDITOR},
    "manage_recipients": _LEADERS | {Role.OPERATOR},
    # Privacy: anybody at the desk takes a request; the officer works it, two people release it.
    "open_privacy_request": _STAFF | {Role.SERVICE, Role.PRIVACY_OFFICER},
    "verify_requester": _OFFICERS,
    "approve_privacy_request": _OFFICERS | _MANAGERS,
    "release_privacy_request": _OFFICERS | _MANAGERS,
    "reject_privacy_request": _OFFICERS,
    "extend_privacy_request": _OFFICERS,
    "complete_privacy_request": _OFFICERS,
    "place_hold": _OFFICERS,
    "review_hold": _OFFICERS,
    "release_hold": _OFFICERS | _MANAGERS,
    "read_privacy_requests": _OFFICERS | _MANAGERS | {Role.AUDITOR},
    "read_privacy_export": _OFFICERS,
    "read_restricted": _OFFICERS | {Role.AUDITOR},
}
"""Action to the roles that may do it. What is not in the table nobody may do."""


def may(actor: Actor, action: str) -> bool:
    """Return whether the table permits an action."""
    return actor.role in PERMITTED.get(action, frozenset())


def require(actor: Actor, action: str) -> None:
    """Refuse what the table does not permit.

    Raises:
        NotAllowedError: The actor's role may not do this.
    """
    if not may(actor, action):
        allowed = ", ".join(sorted(PERMITTED.get(action, frozenset()))) or "nobody"
        raise NotAllowedError(
            f"The role {actor.role} may not {action.replace('_', ' ')}; permitted: {allowed}.",
            clause="INQ-3.2" if action in {"adopt_policy", "acknowledge"} else "INQ-3.1",
        )


def only_handoffs_of(actor: Actor) -> str | None:
    """Return the receiving party whose handoffs alone exist for an actor; None: all do."""
    return actor.principal if actor.role is Role.RECEIVING_PARTY else None


def only_own_duties(actor: Actor) -> bool:
    """Return whether an actor sees no duties but their own, their role's, and about themselves.

    Whose training ends, and which case is audited, is for supervisors and auditors.
    """
    return actor.role not in _SUPERVISORS | {Role.OPERATOR, Role.AUDITOR}


def may_see_handoff(actor: Actor, offered_to: str | None) -> bool:
    """Return whether a handoff exists for an actor (HOF-3.3, HOF-5.3).

    For a receiving party it begins to with the offer, and ends to when that comes back.

    Args:
        actor: Who asks; with the role of a receiving party, bound to what it was offered.
        offered_to: The party that it is offered to now, or that has accepted it. None: there is
            none, or it is no handoff.
    """
    return only_handoffs_of(actor) in {None, offered_to}


def require_own_handoff(actor: Actor, receiving_party: str | None) -> None:
    """Refuse the step of a receiving party in what is not its own handoff.

    Raises:
        NotAllowedError: It is somebody else's.
    """
    if only_handoffs_of(actor) not in {None, receiving_party}:
        raise NotAllowedError("A receiving party acts on its own handoffs only.", clause="HOF-3.3")
