"""The API's description: committed, complete, and true."""

from typing import Any

import pytest
from fastapi import FastAPI

from api.openapi import COMMITTED, text
from api.problems import PROBLEMS
from api.schemas import handoff_steps as hs
from api.schemas import steps as s
from sop import messages as m
from sop.handoff import messages as h
from sop.models import Role
from tests.api.callers import Callers

BODIES: list[tuple[type[m.Command], Any]] = [
    (m.RecordReception, s.RecordReceptionIn),
    (m.Categorise, s.CategoriseIn),
    (m.RecordVerification, s.RecordVerificationIn),
    (m.Respond, s.RespondIn),
    (m.Promise, s.PromiseIn),
    (m.CustomerReplied, s.CustomerRepliedIn),
    (m.WaitForCustomer, s.WaitForCustomerIn),
    (m.Resume, s.Reason),
    (m.Escalate, s.EscalateIn),
    (m.Assign, s.AssignIn),
    (m.AddNote, s.AddNoteIn),
    (m.Resolve, s.ResolveIn),
    (m.RecordFollowUp, s.RecordFollowUpIn),
    (m.Withdraw, s.Reason),
    (m.MarkDuplicate, s.MarkDuplicateIn),
    (m.AdoptPolicy, s.Reason),
    (m.Acknowledge, s.AcknowledgeIn),
    (m.DecideDiscrepancy, s.DecideDiscrepancyIn),
    (h.ConfirmItems, hs.ConfirmItemsIn),
    (h.CompleteBrief, hs.CompleteBriefIn),
    (h.TellCustomer, hs.TellCustomerIn),
    (h.Transfer, hs.TransferIn),
    (h.ReportCourier, hs.ReportCourierIn),
    (h.AnswerOffer, hs.AnswerOfferIn),
    (h.ChangeReceiver, hs.ChangeReceiverIn),
    (h.Conclude, s.Reason),
    (h.AssignHandoff, s.AssignIn),
    (h.AddHandoffNote, s.AddNoteIn),
    (h.WithdrawHandoff, s.Reason),
    (h.AdoptHandoffPolicy, s.Reason),
]
ADDED_BY_THE_API = {"actor", "digest", "policy", "recipient_has_key"}


@pytest.fixture
def described(app: FastAPI) -> dict[str, Any]:
    """Return the description."""
    return app.openapi()


def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


def test_the_committed_description_is_up_to_date(app: FastAPI) -> None:
    assert COMMITTED.read_text(encoding="utf-8") == text(app), (
        "run `handrail openapi > api/openapi.json`"
    )


def test_it_is_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")


def test_every_operation_has_an_id_of_its_own_and_a_summary(described: dict[str, Any]) -> None:
    found = operations(described)
    assert len({operation["operationId"] for operation in found.values()}) == len(found)
    assert all(operation["summary"] and operation["description"] for operation in found.values())


def test_every_operation_of_the_desk_needs_a_key(described: dict[str, Any]) -> None:
    for name, operation in operations(described).items():
        assert ("security" in operation) == ("/v1/" in name), name


def test_every_error_is_described_as_a_problem(described: dict[str, Any]) -> None:
    for name, operation in operations(described).items():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert response["content"].keys() == {"application/problem+json"}, (name, status)
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_every_operation_says_that_one_may_be_held_back_or_wait_too_long(
    described: dict[str, Any],
) -> None:
    for name, operation in operations(described).items():
        answers = operation["responses"]
        assert "`too-many-requests`" in answers["429"]["description"], name
        assert "`not-answered`" in answers["503"]["description"], name
        assert ("`issuer-unavailable`" in answers["503"]["description"]) == ("/v1/" in name), name
        assert ("408" in answers) == ("requestBody" in operation), name


def test_every_bound_of_a_number_is_in_the_description(described: dict[str, Any]) -> None:
    # pydantic leaves `ge` and `le` as they are where it cannot tell what a validator makes of them.
    unknown = {"ge", "le", "gt", "lt"}
    schemas = described["components"]["schemas"]
    assert schemas["AcknowledgeIn"]["properties"]["level"]["minimum"] == 1
    for name, schema in schemas.items():
        for field, said in schema.get("properties", {}).items():
            forms = [said, *said.get("anyOf", ())]
            assert not any(unknown & form.keys() for form in forms), (name, field)


def test_every_field_of_a_request_is_explained(described: dict[str, Any]) -> None:
    for name, schema in described["components"]["schemas"].items():
        if name.endswith("In") or name == "Reason":
            assert schema["additionalProperties"] is False, name
            for field, said in schema["properties"].items():
                referred = described["components"]["schemas"].get(
                    said.get("$ref", "").rpartition("/")[2], {}
                )
                assert said.get("description") or referred.get("description"), (name, field)


@pytest.mark.parametrize(("command", "body"), BODIES)
def test_a_body_says_what_its_step_needs(command: type[m.Command], body: Any) -> None:
    said, needed = body.model_fields, command.model_fields
    assert said.keys() == needed.keys() - ADDED_BY_THE_API
    for name, field in said.items():
        assert field.is_required() == needed[name].is_required(), name
        if not field.is_required():
            assert as_json(field.get_default()) == as_json(needed[name].get_default()), name


def as_json(value: Any) -> Any:
    """Return a default as JSON has it: a tuple is a list."""
    return list(value) if isinstance(value, tuple) else value


async def test_no_page_of_it_comes_from_elsewhere(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    assert (await ana.get("/openapi.json")).status_code == 200
    for page in ("/docs", "/redoc"):
        assert (await ana.get(page)).status_code == 404


async def test_every_problem_has_a_page_under_its_type(callers: Callers) -> None:
    stranger = await callers.bearing(None)
    for code, kind in PROBLEMS.items():
        page = await stranger.get(kind.uri)
        assert page.status_code == 200
        assert page.json()["remedy"] == kind.remedy, code
    assert len((await stranger.get("/problems")).json()) == len(PROBLEMS)
    assert (await stranger.get("/problems/no-such")).status_code == 404


def test_every_route_says_which_problems_it_has(described: dict[str, Any]) -> None:
    told = {
        code
        for operation in operations(described).values()
        for status, response in operation["responses"].items()
        if int(status) >= 400
        for code in response["description"].replace("`", "").split(", ")
    }
    everywhere = {"method-not-allowed", "headers-too-large", "refused"}
    assert told == PROBLEMS.keys() - everywhere
