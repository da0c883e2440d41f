"""The paths of a handoff that are counted: the plain one, and the one with a discrepancy."""

from typing import Any

from runtime.case_errors import RefusedError
from sop import messages as m
from sop.handoff import messages as h
from sop.handoff.models import Answer, HandoffOpening, Item, ReceivingParty
from sop.identity import Form, FormResult
from tests.bench.paths import BEYOND, House, Path, at_rest
from tests.desk import ANNA, LEADER, RITA, Desk, eventually
from workflows.escalating import escalation_id

ITEMS = (Item(item="file", description="The file"), Item(item="card", description="The card"))


def opening(**changes: Any) -> HandoffOpening:
    """Return what a caller says when a handoff is opened."""
    said = {
        "customer_id": "c-1",
        "customer_name": "Carla Client",
        "subject": "A card to be exchanged",
        "text": "My card does not work any more.",
        "items": ITEMS,
        "receiving": ReceivingParty(party="rita", name="Workshop North", contact="extension 12"),
    }
    return HandoffOpening.model_validate({**said, **changes})


def identified(*, matched: bool = True) -> m.Identify:
    """Return an identity check by passport and account number."""
    return m.Identify(
        actor=ANNA,
        forms=(
            FormResult(form=Form.PASSPORT, matched=True),
            FormResult(form=Form.ACCOUNT_NUMBER, matched=matched),
        ),
        need_explained=True,
        confidentiality_assured=True,
    )


PREPARED = h.ConfirmItems(
    actor=ANNA,
    checks=tuple(h.ItemCheck(item=item.item, correct=True, complete=True) for item in ITEMS),
    brief="The card is to be exchanged; the customer waits at home.",
)
TRANSFERRED = h.Transfer(actor=ANNA, channel="crm", notice=h.CustomerNotice(introduced=True))
ACCEPTED = h.AnswerOffer(actor=RITA, answer=Answer.ACCEPT)


async def handoff(house: House, key: str) -> str:
    """Identify, confirm items with the brief, tell and transfer, acknowledge: it closes."""
    case_id = await _open(house, key)
    return await _do(house, case_id, identified(), PREPARED, TRANSFERRED, ACCEPTED)


async def discrepancy(house: House, key: str) -> str:
    """Stop at a discrepancy, which a supervisor takes and approves; then as above."""
    case_id = await _open(house, key)
    await _do(house, case_id, _noticed())
    await _take(house, case_id, level=1)
    return await _do(house, case_id, _approved(), PREPARED, TRANSFERRED, ACCEPTED)


async def discrepancy_climbed(house: House, key: str) -> str:
    """Do the same where the first role does not answer: one level more."""
    case_id = await _open(house, key)
    await _do(house, case_id, _noticed())
    page = escalation_id(case_id, "discrepancy", 1)
    climb = house.desk.cases.policy.case.paging.climb_after
    repeat = house.desk.cases.policy.case.paging.repeat_every
    for span in (repeat + BEYOND, climb - repeat):
        await house.desk.time_passes(page, seconds=span.total_seconds())
        await at_rest(house.client, case_id)
    await _take(house, case_id, level=2)
    return await _do(house, case_id, _approved(), PREPARED, TRANSFERRED, ACCEPTED)


def _noticed() -> m.Identify:
    return identified().model_copy(update={"noticed": True})


def _approved() -> m.DecideDiscrepancy:
    return m.DecideDiscrepancy(actor=LEADER, approve=True, reason="Known in person.")


async def _open(house: House, key: str) -> str:
    digest = f"digest of {key}"
    opened = await house.desk.cases.open_handoff(opening(), actor=ANNA, key=key, digest=digest)
    await at_rest(house.client, opened.case_id)
    return opened.case_id


async def _do(house: House, case_id: str, *steps: m.Command) -> str:
    for step in steps:
        await house.desk.do(case_id, step)
        await at_rest(house.client, case_id)
    return case_id


async def _take(house: House, case_id: str, *, level: int) -> None:
    """Acknowledge the escalation as soon as it stands at a level."""

    async def taken() -> bool:
        return await _acknowledged(house.desk, case_id, level)

    await eventually(taken)
    await at_rest(house.client, case_id)


async def _acknowledged(desk: Desk, case_id: str, level: int) -> bool:
    step = m.Acknowledge(actor=LEADER, level=level)
    try:
        await desk.cases.acknowledge(case_id, "discrepancy", 1, step, key=None)
    except RefusedError:  # not yet at this level
        return False
    return True


DISCREPANCY = "handoff, discrepancy"
CLIMBED = "handoff, discrepancy, one level more"
HANDOFF_PATHS: dict[str, Path] = {
    "handoff": handoff,
    DISCREPANCY: discrepancy,
    CLIMBED: discrepancy_climbed,
}
