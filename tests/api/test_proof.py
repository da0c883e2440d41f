"""What a case proves, and how it reads in plain language, as callers are told."""

import asyncio

import pytest

from api import proving
from api.parts import Parts
from runtime.case_errors import UnknownCaseError
from sop.clauses import CLAUSES
from sop.handoff.models import HandoffOpening, Item, ReceivingParty
from sop.models import Role
from tests.api.callers import RESOLVED, VERIFIED, Callers, inquiry
from tests.api.test_problems import UNKNOWN, is_problem
from tests.desk import ANNA, Desk, eventually

CONTRACT = HandoffOpening(
    customer_id="c-1",
    subject="A contract to be checked",
    text="Please check my contract.",
    items=(Item(item="contract", description="The signed contract."),),
    receiving=ReceivingParty(
        party="legal-desk", name="The legal desk", contact="legal@example.org"
    ),
    assignee="anna",
)


@pytest.fixture
def parts(callers: Callers) -> Parts:
    """Return what the routes work with."""
    found = callers.app.state.parts
    assert isinstance(found, Parts)
    return found


@pytest.mark.clause("INQ-4.5.1")
async def test_the_certificate_names_the_entry_of_each_clause_and_what_is_missing(
    on_both: Callers,
) -> None:
    ana = await on_both.of(Role.CSR)
    case_id = await ana.open("certificate")
    receipt = await ana.do(case_id, "verification", VERIFIED)
    answer = await ana.get(f"/v1/inquiries/{case_id}/certificate")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["case_id"], said["kind"], said["complete"]) == (case_id, "inquiry", False)
    assert said["missing"] == receipt["missing"]
    lines = {line["clause"]: line for line in said["lines"]}
    assert list(lines) == [clause for clause in CLAUSES if clause.startswith("INQ")]
    verified = lines["INQ-4.3.2"]
    assert (verified["status"], verified["by"], verified["role"]) == ("proved", "csr", "csr")
    assert verified["entry"] == f"{case_id}#{receipt['seq']}"
    assert verified["at"] == said["as_of"]
    assert verified["at"].keys() == {"utc", "local"}
    assert lines["INQ-4.4.1"]["status"] == "missing"


async def test_each_proof_of_a_certificate_is_in_the_timeline(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await ana.open("proofs in the timeline")
    await ana.do(case_id, "verification", VERIFIED)
    await ana.do(case_id, "resolution", RESOLVED)
    entries = (await ana.get(f"/v1/inquiries/{case_id}/timeline")).json()["entries"]
    borne = {f"{entry['stream']}#{entry['seq']}": entry for entry in entries}
    said = (await ana.get(f"/v1/inquiries/{case_id}/certificate")).json()
    proved = [line for line in said["lines"] if line["status"] == "proved"]
    assert len(proved) > 10
    for line in proved:
        entry = borne[line["entry"]]
        assert line["clause"] in entry["clauses"]
        assert (line["by"], line["at"]) == (entry["actor"]["principal"], entry["at"])


@pytest.mark.clause("INQ-4.5.1")
async def test_the_explanation_tells_what_happened_and_what_is_awaited(on_both: Callers) -> None:
    ana = await on_both.of(Role.CSR)
    case_id = await ana.open("explanation", assignee="ana")
    receipt = await ana.do(case_id, "notes", {"text": "Called back at noon."})
    answer = await ana.get(f"/v1/inquiries/{case_id}/explanation")
    assert answer.status_code == 200
    said = answer.json()
    last = said["entries"][-1]
    assert last["entry"] == f"{case_id}#{receipt['seq']}"
    assert last["sentence"] == "csr (representative) noted: “Called back at noon.”"
    assert last["at"].keys() == {"utc", "local"}
    assert said["standing"][0] == "The inquiry is open, at the stage categorised; ana holds it."
    assert any(line.startswith("Still missing: INQ-4.3.1") for line in said["standing"])


@pytest.mark.parametrize("page", ["certificate", "explanation"])
async def test_a_case_that_does_not_exist_proves_nothing(callers: Callers, page: str) -> None:
    ana = await callers.of(Role.CSR)
    is_problem(await ana.get(f"{UNKNOWN}/{page}"), "case-not-found")
    is_problem(await ana.get(f"/v1/inquiries/inquiry-%00/{page}"), "case-not-found")


@pytest.mark.parametrize("page", ["certificate", "explanation"])
async def test_who_may_not_read_is_told_nothing(callers: Callers, page: str) -> None:
    stranger = await callers.bearing(None)
    is_problem(await stranger.get(f"{UNKNOWN}/{page}"), "unauthenticated")
    receiver = await callers.of(Role.RECEIVING_PARTY)
    assert (await receiver.get(f"{UNKNOWN}/{page}")).status_code in {403, 404}


async def test_a_case_links_to_its_certificate_and_its_explanation(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    links = (await ana.post("/v1/inquiries", inquiry(), "links to proof")).json()["links"]
    for page in ("certificate", "explanation"):
        assert links[page] == f"{links['self']}/{page}"
        assert (await ana.get(links[page])).status_code == 200


@pytest.mark.clause("HOF-4.3.2")
async def test_a_handoff_is_certified_and_told_alike(parts: Parts, desk: Desk) -> None:
    opened = await desk.cases.open_handoff(CONTRACT, actor=ANNA, key="to certify", digest="x")

    async def recorded() -> bool:
        return await asyncio.to_thread(desk.reads.standing, opened.case_id) is not None

    await eventually(recorded)
    said = await proving.certificate(parts, ANNA, opened.case_id)
    assert said.kind == "handoff"
    assert [line.clause for line in said.lines] == [c for c in CLAUSES if c.startswith("HOF")]
    assert "HOF-4.1.2" in said.missing
    told = await proving.explanation(parts, ANNA, opened.case_id)
    assert told.entries[0].sentence == (
        "anna (representative) opened the handoff of contract to legal-desk; anna has custody."
    )
    assert "Custody is with anna." in told.standing


@pytest.mark.parametrize("case_id", ["escalation-inquiry-1-urgent-1", "incident-0000000000", "x"])
async def test_what_is_no_case_is_not_found(parts: Parts, case_id: str) -> None:
    for told in (proving.certificate, proving.explanation):
        with pytest.raises(UnknownCaseError):
            await told(parts, ANNA, case_id)
