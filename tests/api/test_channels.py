"""An inquiry through the API, from opening to closing, whichever way the customer came."""

import pytest

from api.schemas.steps import Receipt
from sop.models import Channel, Role
from tests.api.callers import BILLING, CONFIRMED, RECEPTION, RESOLVED, VERIFIED, Callers

pytestmark = pytest.mark.clause("INQ-2")


@pytest.mark.parametrize("channel", Channel)
async def test_an_inquiry_of_each_channel_goes_from_opening_to_closing(
    on_both: Callers, channel: Channel
) -> None:
    ana = await on_both.of(Role.CSR)
    case_id = await ana.open(f"channel {channel}", channel=channel, reception=None)
    await ana.do(case_id, "reception", {"reception": RECEPTION})
    await ana.do(case_id, "verification", VERIFIED)
    await ana.do(case_id, "resolution", RESOLVED)
    last = Receipt.model_validate(await ana.do(case_id, "follow-ups", CONFIRMED))
    assert (last.stage, last.missing, last.recorded) == ("closed", [], True)
    shown = (await ana.get(f"/v1/inquiries/{case_id}")).json()
    assert (shown["channel"], shown["stage"], shown["closed_as"]) == (channel, "closed", "resolved")
    assert shown["responsible"] == "csr"
    assert shown["satisfaction"] == 5


@pytest.mark.parametrize("channel", Channel)
async def test_a_service_hands_in_what_it_knows_and_people_do_the_rest(
    on_both: Callers, channel: Channel
) -> None:
    service, ana = await on_both.of(Role.SERVICE), await on_both.of(Role.CSR)
    opening = {"channel": channel, "reception": None, "classification": None}
    case_id = await service.open(f"service {channel}", **opening)
    await service.do(case_id, "customer-replies", {"text": "Is anybody there?"})
    await ana.do(case_id, "reception", {"reception": RECEPTION})
    await ana.do(case_id, "classification", {"classification": BILLING})
    await ana.do(case_id, "verification", VERIFIED)
    await ana.do(case_id, "responses", {"text": "We look into it."})
    await ana.do(case_id, "resolution", RESOLVED)
    assert (await service.do(case_id, "follow-ups", CONFIRMED))["stage"] == "closed"
