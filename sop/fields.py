"""Which role sees which field of what it may read (HOF-5.3, INQ-7.2).

One rule in a table: whoever runs the machinery, and whatever service opened a case, sees ids,
enumerations, numbers and times, and no words of or about a customer. A field that is not in the
table is for everybody who may read the resource. `api.shown_to` sets what is hidden to null.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sop.models import Actor, Role

_IN_WORDS = frozenset(Role) - {Role.OPERATOR, Role.SERVICE, Role.SYSTEM}
"""Who reads what people wrote; a receiving party, in what it is offered."""
_AUDITOR = frozenset({Role.AUDITOR})


def _in_words(*names: str) -> Mapping[str, frozenset[Role]]:
    return MappingProxyType(dict.fromkeys(names, _IN_WORDS))


FIELDS: Mapping[str, Mapping[str, frozenset[Role]]] = MappingProxyType(
    {
        "inquiry": _in_words(
            "subject", "text", "customer", "resolution", "feedback", "satisfaction"
        ),
        "handoff_of_inquiry": _in_words("subject"),
        "handoff": _in_words(
            "subject", "text", "brief", "customer", "items", "confirmed_items", "missing_items",
            "receiving_party_name", "receiving_party_contact",
        ),
        "confirmation": _in_words("receiving_party_name", "items", "missing", "reason"),
        "timeline_entry": _in_words("detail"),
        "incident": _in_words("subject", "text", "regulator_decision", "outcome"),
        "corrective_action": _in_words("description", "result"),
        "duty": _in_words("findings"),
        # Which part failed: for nobody who checks identities (HOF-4.1.3).
        "form_result": MappingProxyType({"matched": _AUDITOR}),
    }
)  # fmt: skip
"""Resource to field to the roles that see it."""


def hidden(actor: Actor, resource: str) -> frozenset[str]:
    """Return the fields of a resource that an actor does not see."""
    fields = FIELDS.get(resource, {})
    return frozenset(name for name, roles in fields.items() if actor.role not in roles)
