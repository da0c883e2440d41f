"""What of an answer its reader sees: the table in `sop.fields`, applied to whatever is shown."""

from typing import TypeVar

from api.schemas.values import View
from sop.fields import hidden
from sop.models import Actor

V = TypeVar("V", bound=View)


def shown_to(actor: Actor, view: V) -> V:
    """Return an answer as its reader sees it: what is hidden is null, at every depth."""
    concealed = hidden(actor, view.resource)
    return view.model_copy(
        update={name: None if name in concealed else _inside(actor, value) for name, value in view}
    )


def _inside(actor: Actor, value: object) -> object:
    if isinstance(value, View):
        return shown_to(actor, value)
    if isinstance(value, list):
        return [_inside(actor, each) for each in value]
    return value
