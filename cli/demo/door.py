"""The HTTP API as its callers use it: a key for each request, and patience."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Self

import httpx2
from pydantic import BaseModel, SecretStr

from cli.demo.accepted import OPENED, Accepted, AcceptedLog, cause_of
from sop.models import Actor
from workflows.escalating import escalation_id

INQUIRIES = "/v1/inquiries"
HANDOFFS = "/v1/handoffs"
ACKNOWLEDGE = "acknowledge"
IDENTIFY = "identify"

# An Update that no worker takes is answered with 503 after ten seconds: wait for that answer.
_ANSWER_WITHIN_S = 15.0
_GIVE_UP_AFTER_S = 90.0
_PAUSE_S = 0.5
_AGAIN = frozenset({429, 503})

_PLACES = {
    "add_note": "notes",
    "answer_offer": "acknowledgement",
    "conclude": "conclusion",
    "confirm_items": "items",
    "decide_discrepancy": "discrepancy-decision",
    "assign": "assignment",
    "promise": "promises",
    "record_follow_up": "follow-ups",
    "record_reception": "reception",
    "record_verification": "verification",
    "resolve": "resolution",
    "respond": "responses",
    "transfer": "transfer",
    "withdraw": "withdrawal",
}


class DemoError(Exception):
    """Something was not as the procedure or the API promises; the text says what."""


class Opened(BaseModel):
    """The answer to an opening."""

    case_id: str
    created: bool
    links: dict[str, str]


class Receipt(BaseModel):
    """The answer to a step."""

    case_id: str
    seq: int
    stage: str | None = None
    recorded: bool
    verification: str | None = None


class Problem(BaseModel):
    """A refusal."""

    type: str
    title: str
    status: int
    detail: str
    clause: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A step as it was sent: enough to send it again."""

    who: Actor
    case_id: str
    step: str
    body: Mapping[str, Any]
    key: str
    under: str = ""
    """The rung and occasion of an escalation, where the step is its acknowledgement; the customer,
    where it is an identity check."""

    @property
    def path(self) -> str:
        """Where it goes."""
        if self.step == IDENTIFY:
            return f"/v1/customers/{self.under}/identifications"
        home = HANDOFFS if self.case_id.startswith("handoff-") else INQUIRIES
        case = f"{home}/{self.case_id}"
        if self.step == ACKNOWLEDGE:
            return f"{case}/escalations/{self.under}/acknowledgement"
        return f"{case}/{_PLACES[self.step]}"

    @property
    def stream(self) -> str:
        """The workflow that takes it."""
        if self.step != ACKNOWLEDGE:
            return self.case_id
        rung, _, occasion = self.under.partition("/")
        return escalation_id(self.case_id, rung, int(occasion))


@dataclass
class Traffic:
    """What went through the door.

    Attributes:
        in_flight: Steps that wait for their answer.
        put_off: Answers that said to try again later (503, 429).
        unanswered: Requests that got no answer at all.
    """

    accepted: int = 0
    refused: int = 0
    put_off: int = 0
    unanswered: int = 0
    longest_wait_s: float = 0.0
    in_flight: set[Request] = field(default_factory=set)
    _goals: list[tuple[int, asyncio.Event]] = field(default_factory=list)

    def accept(self) -> None:
        """Count one more accepted request."""
        self.accepted += 1
        for goal, reached in self._goals:
            if self.accepted >= goal:
                reached.set()

    async def reached(self, accepted: int) -> None:
        """Wait until so many requests were accepted."""
        reached = asyncio.Event()
        self._goals.append((accepted, reached))
        await reached.wait()


class Door:
    """Opens and works cases over HTTP, and writes down what was accepted."""

    def __init__(self, url: str, keys: Mapping[str, SecretStr], accepted: AcceptedLog) -> None:
        """Prepare the connections; the first request opens them."""
        self.url = url
        self.traffic = Traffic()
        self._keys = keys
        self._accepted = accepted
        self._http = httpx2.AsyncClient(base_url=url, timeout=_ANSWER_WITHIN_S, trust_env=False)

    async def __aenter__(self) -> Self:
        """Return the door."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def open(
        self, who: Actor, body: Mapping[str, Any], *, key: str, place: str = INQUIRIES
    ) -> Opened:
        """Open a case, or find the one that was opened with this key before."""
        answer = await self._patiently(who, place, body, key)
        opened = Opened.model_validate_json(_accepted(answer))
        self._note(Accepted(case_id=opened.case_id, stream=opened.case_id, cause=OPENED))
        return opened

    async def report(self, request: Request) -> Receipt:
        """Report a step, again and again with the same key until it is answered."""
        self.traffic.in_flight.add(request)
        try:
            answer = await self._patiently(request.who, request.path, request.body, request.key)
        finally:
            self.traffic.in_flight.discard(request)
        receipt = Receipt.model_validate_json(_accepted(answer))
        cause = cause_of(request.step, request.who, request.key)
        self._note(
            Accepted(case_id=request.case_id, stream=request.stream, cause=cause, seq=receipt.seq)
        )
        return receipt

    async def keep_identity(self, who: Actor, customer: str, forms: Mapping[str, str]) -> None:
        """Store what a customer can be compared with; it is kept as hashes."""
        path = f"/v1/customers/{customer}/identity-record"
        await self._put(who, path, {"forms": as_forms(forms)})

    async def train(self, who: Actor, principal: str, course: str, completed_at: datetime) -> None:
        """Record that somebody has completed a course; it belongs to no case's journal."""
        path = f"/v1/staff/{principal}/training/{course}"
        body = {"completed_at": completed_at.isoformat()}
        await self._put(who, path, body)

    async def _put(self, who: Actor, path: str, body: Mapping[str, Any]) -> None:
        _accepted(await self._patiently(who, path, body, method="PUT"))

    async def expect_refusal(self, request: Request) -> Problem:
        """Report a step that the procedure must refuse.

        Raises:
            DemoError: It was accepted.
        """
        answer = await self._patiently(request.who, request.path, request.body, request.key)
        if answer.is_success:
            raise DemoError(f"{request.step} was accepted by {request.case_id}, and must not be")
        self.traffic.refused += 1
        return Problem.model_validate_json(answer.content)

    async def ready(self, within_s: float) -> None:
        """Wait until the API says that it is ready.

        Raises:
            DemoError: It does not.
        """
        last = "it does not answer"
        until = monotonic() + within_s
        while monotonic() < until:
            try:
                answer = await self._http.get("/readyz")
            except httpx2.TransportError:
                pass
            else:
                if answer.is_success:
                    return
                last = answer.text
            await asyncio.sleep(0.1)
        raise DemoError(f"the API is not ready after {within_s:g} s: {last}")

    def _note(self, accepted: Accepted) -> None:
        self.traffic.accept()
        try:
            self._accepted.note(accepted)
        except ValueError as error:
            raise DemoError(str(error)) from None

    async def _patiently(
        self,
        who: Actor,
        path: str,
        body: Mapping[str, Any],
        key: str = "",
        method: str = "POST",
    ) -> httpx2.Response:
        began = monotonic()
        headers = {"Authorization": f"Bearer {self._keys[who.principal].get_secret_value()}"}
        if key:
            headers["Idempotency-Key"] = key
        while True:
            pause = _PAUSE_S
            try:
                answer = await self._http.request(method, path, json=body, headers=headers)
            except httpx2.TransportError as error:
                self.traffic.unanswered += 1
                said = f"no answer ({type(error).__name__})"
            else:
                if answer.status_code not in _AGAIN:
                    waited = monotonic() - began
                    self.traffic.longest_wait_s = max(self.traffic.longest_wait_s, waited)
                    return answer
                self.traffic.put_off += 1
                pause = float(answer.headers.get("Retry-After", _PAUSE_S))
                said = f"{answer.status_code} {answer.text}"
            if monotonic() - began > _GIVE_UP_AFTER_S:
                raise DemoError(f"{path}: {said}, for {_GIVE_UP_AFTER_S:g} s")
            await asyncio.sleep(pause)


def _accepted(answer: httpx2.Response) -> bytes:
    if not answer.is_success:
        raise DemoError(f"{answer.request.url.path}: {answer.status_code} {answer.text}")
    return answer.content


def as_forms(forms: Mapping[str, str]) -> list[dict[str, str]]:
    """Return forms of identification as a body has them."""
    return [{"form": form, "value": value} for form, value in forms.items()]
