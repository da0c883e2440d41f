"""A day at the desk on which everybody writes a canary wherever anything can be written."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sop.duty.models import DutyKind, DutyOrder
from sop.duty.state import DutyStart
from sop.models import Role
from tests.api.callers import Caller, Callers
from tests.certificates import holder
from tests.desk import Desk, eventually
from tests.proof.canary import MARK
from tests.proof.canary import canary as c

PARTY = str(Role.RECEIVING_PARTY)
CUSTOMER = {
    "customer_id": "c-77",
    "name": c("name"),
    "email": f"{c('email').replace(' ', '.')}@example.org",
    "phone": c("phone"),
}
RECEPTION = {
    "greeting": c("greeting"), "listened": True, "key_points": c("key points"),
    "key_points_confirmed": True, "courteous": True,
}  # fmt: skip
TRACKING = "00340434161094042557"
PASSPORT = [
    {"form": "passport", "value": "C01X0006H"},
    {"form": "account_number", "value": "DE02120300000000202051"},
]
NUMBERS = ("C01X0006H", "DE02120300000000202051", TRACKING)
"""What is no free text, and must stand nowhere in the clear all the same."""
QUESTION = {"form": "security_question", "value": c("answer")}
ATTESTED = {"need_explained": True, "confidentiality_assured": True}


class Teller:
    """Tells the story through the API, each step with a canary in every text."""

    def __init__(self, callers: Callers, desk: Desk) -> None:
        self.callers = callers
        self.desk = desk

    async def tell(self) -> None:
        """Tell all of it, one chapter beside the other."""
        await self._on_record()
        await asyncio.gather(
            self._inquiry(), self._inquiries_that_end_early(), self._handoff(),
            self._handoffs_that_end_otherwise(), self._incident(), self._duty(), self._staff(),
        )  # fmt: skip
        await self._mistakes()

    async def _as(self, role: Role) -> Caller:
        return await self.callers.of(role)

    async def _do(self, role: Role, path: str, body: Any, key: str | None = None) -> dict[str, Any]:
        answer = await (await self._as(role)).post(path, body, key)
        assert answer.is_success, f"{path}: {answer.text}"
        return dict(answer.json())

    async def _opened(self, path: str, body: Any, key: str) -> str:
        """Open a case; return its address once the CRM has it."""
        told = await self._do(Role.CSR, path, body, f"canary {key}")
        page, csr = f"{path}/{told['case_id']}", await self._as(Role.CSR)

        async def recorded() -> bool:
            answer = await csr.get(page)
            return answer.is_success and bool(answer.json().get("recorded", True))

        await eventually(recorded)
        return page

    async def _on_record(self) -> None:
        service = await self._as(Role.SERVICE)
        forms = [*PASSPORT, QUESTION]
        answer = await service.put("/v1/customers/c-77/identity-record", {"forms": forms})
        assert answer.is_success, answer.text

    async def _open_inquiry(self, key: str, category: str = "complaint") -> str:
        body = {
            "customer": CUSTOMER, "channel": "chat", "subject": c("subject"), "text": c("text"),
            "reception": RECEPTION, "assignee": "csr",
            "classification": {"category": category, "priority": "urgent"},
        }  # fmt: skip
        return await self._opened("/v1/inquiries", body, key)

    async def _identify(self, case_id: str, *forms: Any, **more: bool) -> None:
        body = {"case_id": case_id, "forms": list(forms or PASSPORT), **ATTESTED, **more}
        await self._do(
            Role.CSR,
            "/v1/customers/c-77/identifications",
            body,
            f"{case_id} {len(str(forms))} {more}",
        )

    async def _inquiry(self) -> None:
        page = await self._open_inquiry("all the way")
        case_id = page.rpartition("/")[2]
        wrong = {"form": "passport", "value": c("passport").replace(" ", "")}
        await self._identify(case_id, wrong, QUESTION)
        await self._identify(case_id, *PASSPORT, noticed=True)
        await self._do(
            Role.TEAM_LEADER, f"{page}/discrepancy-decision",
            {"approve": True, "reason": c("approved")},
        )  # fmt: skip
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        steps: tuple[tuple[str, Any], ...] = (
            ("reception", {"reception": RECEPTION}),
            ("classification", {
                "classification": {"category": "billing", "priority": "urgent"},
                "reason": c("reclassified"),
            }),
            ("escalations", {"rung": "complaint", "reason": c("escalated")}),
            ("notes", {"text": c("note")}),
            ("promises", {"answer_by": tomorrow, "contact": c("promise contact")}),
            ("waits", {"question": c("question")}),
            ("customer-replies", {"text": c("reply")}),
            ("waits", {"question": c("question again")}),
            ("resumption", {"reason": c("resumed")}),
            ("assignment", {"assignee": "csr", "reason": c("assigned")}),
            ("responses", {"text": c("response")}),
            ("resolution", {"resolution": c("resolution"), "customer_confirmed": True}),
            ("follow-ups", {"outcome": "dissatisfied", "feedback": c("feedback")}),
        )  # fmt: skip
        for step, body in steps:
            await self._do(Role.CSR, f"{page}/{step}", body)
        await self._do(Role.TEAM_LEADER, f"{page}/policy", {"reason": c("policy moved")})
        await self._read(page, "", "timeline", "escalations", "explanation", "certificate")

    async def _inquiries_that_end_early(self) -> None:
        first = await self._open_inquiry("withdrawn")
        second = await self._open_inquiry("duplicate")
        await self._do(
            Role.CSR, f"{second}/duplicate",
            {"duplicate_of": first.rpartition("/")[2], "reason": c("duplicate")},
        )  # fmt: skip
        await self._do(Role.CSR, f"{first}/withdrawal", {"reason": c("withdrawn")})

    async def _open_handoff(self, key: str) -> str:
        body = {
            "customer": {"customer_id": "c-77", "name": c("handoff name")},
            "subject": c("handoff subject"),
            "text": c("handoff text"),
            "items": [{"item": "contract", "description": c("item")}],
            "receiving": self._receiving("open"),
            "assignee": "csr",
        }
        return await self._opened("/v1/handoffs", body, key)

    def _receiving(self, when: str) -> dict[str, str]:
        return {
            "party": PARTY, "name": c(f"party name {when}"), "contact": c(f"party contact {when}"),
        }  # fmt: skip

    async def _handoff(self) -> None:
        page = await self._open_handoff("handed over")
        await self._identify(page.rpartition("/")[2])
        checks = [{"item": "contract", "correct": True, "complete": True}]
        notice = {"introduced": True, "said": c("said")}
        steps: tuple[tuple[str, Any], ...] = (
            ("notes", {"text": c("handoff note")}),
            ("assignment", {"assignee": "csr", "reason": c("handoff assigned")}),
            ("items", {"checks": checks, "brief": c("brief with items")}),
            ("brief", {"brief": c("brief")}),
            ("receiving-party", {"receiving": self._receiving("new"), "reason": c("moved")}),
            ("customer-notice", {"notice": notice}),
            ("transfer", {"channel": "crm", "notice": notice}),
        )
        for step, body in steps:
            await self._do(Role.CSR, f"{page}/{step}", body)
        await self._do(
            Role.RECEIVING_PARTY, f"{page}/acknowledgement",
            {"answer": "refuse", "reason": c("refused")},
        )  # fmt: skip
        await self._do(Role.TEAM_LEADER, f"{page}/policy", {"reason": c("handoff policy")})
        await self._do(Role.CSR, f"{page}/conclusion", {"reason": c("concluded")})
        await self._read(page, "", "timeline", "confirmations", "brief", "brief.html")

    async def _handoffs_that_end_otherwise(self) -> None:
        page = await self._open_handoff("withdrawn")
        case_id = page.rpartition("/")[2]
        wrong = {"form": "passport", "value": "X99999999"}
        await self._identify(case_id, wrong, PASSPORT[1])
        await self._identify(case_id, *PASSPORT, noticed=True)
        await self._do(
            Role.TEAM_LEADER, f"{page}/discrepancy-decision",
            {"approve": False, "reason": c("handoff rejected")},
        )  # fmt: skip
        await self._do(Role.CSR, f"{page}/withdrawal", {"reason": c("handoff withdrawn")})
        by_courier = await self._open_handoff("by courier")
        await self._identify(by_courier.rpartition("/")[2])
        checks = [{"item": "contract", "correct": True, "complete": True}]
        for step, body in (
            ("items", {"checks": checks, "brief": c("brief of the courier")}),
            ("customer-notice", {"notice": {"introduced": True}}),
        ):
            await self._do(Role.CSR, f"{by_courier}/{step}", body)
        # A channel that is none is refused on record, with what was written.
        csr = await self._as(Role.CSR)
        refused = await csr.post(f"{by_courier}/transfer", {"channel": c("channel")})
        assert refused.status_code == 409, refused.text
        await self._do(
            Role.CSR, f"{by_courier}/transfer",
            {"channel": "courier", "carrier": "dhl", "tracking_number": TRACKING},
        )  # fmt: skip

    async def _incident(self) -> None:
        body = {"clause": "HOF-5.2", "subject": c("incident"), "text": c("incident text")}
        page = await self._opened("/v1/incidents", body, "breach")
        due = (datetime.now(UTC) + timedelta(days=9)).isoformat()
        action = {"action": "labels", "description": c("action"), "owner": "csr", "due_at": due}
        for role, step, told in (
            (Role.CSR, "notes", {"text": c("incident note")}),
            (Role.CSR, "assignment", {"assignee": "csr", "reason": c("incident assigned")}),
            (Role.CSR, "actions", action),
            (Role.CSR, "actions/labels/completion", {"result": c("result")}),
            (Role.DUTY_MANAGER, "regulator-decision", {"reason": c("not notifiable")}),
            (Role.DUTY_MANAGER, "regulator-notice", {
                "informed_at": datetime.now(UTC).isoformat(), "reference": c("reference"),
            }),
            (Role.DUTY_MANAGER, "closure", {
                "root_cause": c("root cause"), "changed": c("changed"),
            }),
        ):  # fmt: skip
            await self._do(role, f"{page}/{step}", told)
        await self._read(page, "", "timeline")

    async def _duty(self) -> None:
        duty = self.desk.cases.policy.duty
        assert duty is not None
        order = DutyOrder(
            duty_id="duty-audit-canary", kind=DutyKind.AUDIT, clause="HOF-6.2",
            subject="Audit inquiry-0123456789.", about="inquiry-0123456789",
            role=Role.QUALITY_MANAGER, due_at=datetime.now(UTC) + timedelta(days=14),
        )  # fmt: skip
        start = DutyStart(case_id=order.duty_id, policy=duty, order=order)
        await self.desk.client.start_workflow(
            "DutyWorkflow", start, id=order.duty_id, task_queue=self.desk.task_queue
        )
        await self.desk.journal_holds(order.duty_id, "duty.opened")
        page = f"/v1/duties/{order.duty_id}"
        quality = Role.QUALITY_MANAGER
        await self._do(quality, f"{page}/notes", {"text": c("duty note")})
        await self._do(
            quality, f"{page}/assignment",
            {"assignee": "quality_manager", "reason": c("duty assigned")},
        )  # fmt: skip
        await self._do(
            quality, f"{page}/completion", {"outcome": "breach", "findings": c("findings")}
        )

    async def _staff(self) -> None:
        leader = await self._as(Role.TEAM_LEADER)
        yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        trained = await leader.put(
            "/v1/staff/newcomer/training/inquiry_handling",
            {"completed_at": yesterday, "evidence": c("evidence")},
        )
        assert trained.is_success, trained.text
        address = f"{MARK}@partner.example"
        listed = await leader.put(
            "/v1/receiving-parties/archive/certificate",
            {
                "certificate": holder(name=c("certificate"), addresses=(address,)).pem,
                "address": address,
            },
        )
        assert listed.is_success, listed.text

    async def _read(self, page: str, *parts: str) -> None:
        """Read a case whole: what is shown passes through memory and logs, too."""
        leader = await self._as(Role.TEAM_LEADER)
        for part in parts:
            answer = await leader.get(f"{page}/{part}" if part else page)
            assert answer.is_success, f"{page}/{part}: {answer.text}"

    async def _mistakes(self) -> None:
        """Send what is refused: errors, too, must not keep what they refuse."""
        csr, text = await self._as(Role.CSR), c("mistake")
        page = await self._open_inquiry("mistakes")
        wrong: tuple[Callable[[], Awaitable[Any]], ...] = (
            lambda: csr.post("/v1/inquiries", {"subject": {"no": text}, text: text}, text),
            lambda: csr.post(f"{page}/notes", {"text": [text]}),
            lambda: csr.post(
                f"{page}/resolution", {"resolution": text, "customer_confirmed": text}
            ),
            lambda: csr.post(f"/v1/inquiries/{text}/notes", {"text": text}),
            lambda: csr.get(f"/v1/{text}", query=text),
            lambda: csr.get("/v1/inquiries", category=text, cursor=text),
            lambda: csr.http.post(f"{page}/notes", content=f'{{"text": "{text}'),
            lambda: csr.http.request(text.replace(" ", ""), page),
            lambda: csr.http.get(page, headers={"X-Request-Id": text, "User-Agent": text}),
        )
        for send in wrong:
            answer = await send()
            assert 200 <= answer.status_code < 500, answer.text
