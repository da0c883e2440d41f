"""What Temporal forgets after its retention, the CRM still knows."""

import pytest
from temporalio.client import Client

from adapters.person import PersonRecords
from adapters.staff import TrainingRecords
from runtime.bootstrap import bootstrap
from runtime.case_errors import CaseEndedError, KeyReusedError
from runtime.cases import Cases
from runtime.training import TrainingRing
from sop import messages as m
from sop.models import Channel, Customer
from tests.desk import ANNA, Desk


async def test_a_case_that_temporal_has_forgotten_is_still_closed_and_its_key_still_used(
    desk: Desk,
) -> None:
    opening = m.InquiryOpening(
        customer=Customer(customer_id="c-3"), channel=Channel.EMAIL, subject="s", text="t"
    )
    first = await desk.cases.open(opening, actor=ANNA, key="forgotten", digest="a")
    await desk.do(first.case_id, m.Withdraw(actor=ANNA, reason="Settled."))

    cases = await _without_memory(desk)
    assert not await cases.exists(first.case_id)
    with pytest.raises(CaseEndedError):
        await cases.step(first.case_id, m.AddNote(actor=ANNA, text="Too late."), key=None)
    again = await cases.open(opening, actor=ANNA, key="forgotten", digest="a")
    assert (again.created, again.case_id) == (False, first.case_id)
    with pytest.raises(KeyReusedError):
        await cases.open(opening, actor=ANNA, key="forgotten", digest="b")


async def _without_memory(desk: Desk) -> Cases:
    """Return a gateway to a namespace that knows none of the desk's cases, on the same CRM.

    Deleting a history takes the server half a minute; to the gateway it looks the same.
    """
    config = desk.client.config()
    config["namespace"] = "forgetful"
    client = Client(**config)
    await bootstrap(client)
    return Cases(
        client,
        desk.cases.policy,
        task_queue=desk.task_queue,
        records=desk.reads,
        theirs=PersonRecords(desk.database).theirs,
        training=TrainingRing(TrainingRecords(desk.database), desk.cases.policy),
        ui="",
    )
