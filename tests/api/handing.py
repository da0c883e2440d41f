"""Handoffs through the API: the bodies that callers send, and how far a handoff is taken."""

from typing import Any

import httpx2

from sop import messages as m
from sop.identity import Form, FormResult
from sop.models import Actor, Role
from tests.api.callers import Caller, Callers

HANDOFFS = "/v1/handoffs"
PARTY = str(Role.RECEIVING_PARTY)
ITEMS = [
    {"item": "contract", "description": "The signed contract."},
    {"item": "card", "description": "The old card."},
]
RECEIVING = {"party": PARTY, "name": "The legal desk", "contact": "legal@example.org"}
BRIEF = "The customer needs an answer before the notice period ends."
CHECKED = {"checks": [{"item": each["item"], "correct": True, "complete": True} for each in ITEMS]}
NOTICE = {"notice": {"introduced": True}}
OVER_CRM = {"channel": "crm"}
ACCEPTED = {"answer": "accept"}
REASON = {"reason": "The customer asks for it."}


STEPS: dict[str, tuple[str, Any]] = {
    "confirm_items": ("items", CHECKED),
    "complete_brief": ("brief", {"brief": BRIEF}),
    "tell_customer": ("customer-notice", NOTICE),
    "transfer": ("transfer", OVER_CRM),
    "report_courier": ("courier-status", {"status": "delivered"}),
    "answer_offer": ("acknowledgement", ACCEPTED),
    "change_receiver": ("receiving-party", {"receiving": RECEIVING, **REASON}),
    "conclude": ("conclusion", REASON),
}
"""Each step that only a handoff has, with its route and a body."""

SHARED: dict[str, tuple[str, Any]] = {
    "assign": ("assignment", {"assignee": "ben"}),
    "add_note": ("notes", {"text": "x"}),
    "withdraw": ("withdrawal", REASON),
    "adopt_policy": ("policy", REASON),
    "decide_discrepancy": ("discrepancy-decision", {"approve": True, **REASON}),
    "acknowledge": ("escalations/discrepancy/1/acknowledgement", {"level": 1}),
}
"""The same for the steps that an inquiry has, too."""

PARTS = ("", "timeline", "escalations", "confirmations", "brief", "brief.html")


def handoff(**changes: Any) -> dict[str, Any]:
    """Return the body that opens a handoff."""
    return {
        "customer": {"customer_id": "c-1", "name": "Carla Client"},
        "subject": "A contract to be checked",
        "text": "Please check whether I can end my contract.",
        "items": ITEMS,
        "receiving": RECEIVING,
        **changes,
    }


def page(case_id: str, part: str = "") -> str:
    """Return the address of a handoff or of a part of it."""
    return f"{HANDOFFS}/{case_id}{part and '/'}{part}"


async def open_handoff(caller: Caller, key: str, **changes: Any) -> str:
    """Open a handoff; return its id."""
    answer = await caller.post(HANDOFFS, handoff(**changes), key)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["case_id"])


async def report(
    caller: Caller, case_id: str, step: str, body: Any, key: str | None = None
) -> httpx2.Response:
    """Report a step of a handoff, which may be refused."""
    return await caller.post(page(case_id, step), body, key)


async def do(caller: Caller, case_id: str, step: str, body: Any) -> dict[str, Any]:
    """Report a step that is accepted; return its receipt."""
    answer = await report(caller, case_id, step, body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def read(caller: Caller, case_id: str, part: str = "") -> dict[str, Any]:
    """Read a handoff, or a part of it."""
    answer = await caller.get(page(case_id, part))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def kinds(caller: Caller, case_id: str) -> list[str]:
    """Return the kinds of the entries in a handoff's journal."""
    return [entry["kind"] for entry in (await read(caller, case_id, "timeline"))["entries"]]


async def identify(callers: Callers, case_id: str, *, matched: bool = True) -> m.Receipt:
    """Take an identity check to a case, as if it had been compared where it arrived."""
    await callers.of(Role.CSR)
    forms = (
        FormResult(form=Form.PASSPORT, matched=True),
        FormResult(form=Form.ACCOUNT_NUMBER, matched=matched),
    )
    check = m.Identify(
        actor=Actor(principal="csr", role=Role.CSR),
        forms=forms,
        need_explained=True,
        confidentiality_assured=True,
    )
    receipt: m.Receipt = await callers.app.state.parts.cases.step(case_id, check, key=None)
    return receipt


async def prepare(callers: Callers, case_id: str) -> None:
    """Take a handoff through all gates before its transfer."""
    ana = await callers.of(Role.CSR)
    await identify(callers, case_id)
    await do(ana, case_id, "items", CHECKED)
    await do(ana, case_id, "brief", {"brief": BRIEF})
    await do(ana, case_id, "customer-notice", NOTICE)


async def offered(callers: Callers, key: str, **changes: Any) -> str:
    """Open a handoff, and take it as far as its offer to the receiving party."""
    ana = await callers.of(Role.CSR)
    case_id = await open_handoff(ana, key, **changes)
    await prepare(callers, case_id)
    receipt = await do(ana, case_id, "transfer", OVER_CRM)
    assert receipt["stage"] == "offered"
    return case_id
