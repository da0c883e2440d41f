"""Who may do what (INQ-3.1, INQ-3.2): one table of role and action."""

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
_MANAGERS = frozenset({Role.QUALITY_MANAGER, Role.DUTY_MANAGER})
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
    "acknowledge": _STAFF - {Role.CSR},
    "identify": _STAFF | {Role.RECEIVING_PARTY},
    "decide_discrepancy": _LEADERS | {Role.QUALITY_MANAGER},
    "open_handoff": _STAFF | {Role.SERVICE},
    "confirm_items": _STAFF,
    "complete_brief": _STAFF,
    "tell_customer": _STAFF,
    "change_receiver": _STAFF,
    "transfer": _STAFF,
    "report_courier": _STAFF | {Role.SERVICE},
    "answer_offer": _STAFF | {Role.RECEIVING_PARTY},
    "conclude": _STAFF,
    "open_incident": _STAFF,
    "add_action": _STAFF,
    "complete_action": _STAFF,
    "inform_regulator": _MANAGERS,
    "decide_not_notifiable": _MANAGERS,
    "close_incident": _MANAGERS,
    "read_incident_reports": _LEADERS | {Role.QUALITY_MANAGER, Role.AUDITOR},
}
"""Action to the roles that may do it. What is not in the table nobody may do."""


def require(actor: Actor, action: str) -> None:
    """Refuse what the table does not permit.

    Raises:
        NotAllowedError: The actor's role may not do this.
    """
    if actor.role not in PERMITTED.get(action, frozenset()):
        allowed = ", ".join(sorted(PERMITTED.get(action, frozenset()))) or "nobody"
        raise NotAllowedError(
            f"The role {actor.role} may not {action.replace('_', ' ')}; permitted: {allowed}.",
            clause="INQ-3.2" if action in {"adopt_policy", "acknowledge"} else "INQ-3.1",
        )
