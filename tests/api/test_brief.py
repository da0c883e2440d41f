"""The brief for the receiving party: what it says, and that its page is safe and can be printed."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from runtime.devserver import DevServer
from sop.models import Role
from sop.policy import Policy
from tests.api.callers import RECEPTION, RESOLVED, Callers, inquiry, serve
from tests.api.handing import (
    BRIEF,
    CHECKED,
    HANDOFFS,
    NOTICE,
    OVER_CRM,
    RECEIVING,
    do,
    handoff,
    identify,
    offered,
    open_handoff,
    page,
    read,
)
from tests.api.test_problems import is_problem
from tests.desk import a_desk, sqlite_url

CANARY = "<script src=//evil.example></script><img src=x onerror=alert(1)>\"'&{{7*7}}</style>"
IN_TWO_DAYS = (datetime.now(UTC) + timedelta(days=2)).isoformat()
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer",
    "h1", "h2", "h3", "p", "dl", "dt", "dd", "ul", "li", "span", "time",
}  # fmt: skip


class Page(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.styles: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        (self.styles if self.tags[-1:] == ["style"] and not self.styles else self.words).append(
            data
        )

    @property
    def text(self) -> str:
        """Everything that is shown, with each run of blanks as one."""
        return " ".join(" ".join(self.words).split())


async def as_page(callers: Callers, case_id: str) -> httpx2.Response:
    """Read a brief as the receiving party's browser would."""
    party = await callers.of(Role.RECEIVING_PARTY)
    answer = await party.get(page(case_id, "brief.html"))
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.clause("HOF-4.2.2")
async def test_the_brief_tells_what_was_asked_and_done_and_what_is_open(on_both: Callers) -> None:
    ana, party = await on_both.of(Role.CSR), await on_both.of(Role.RECEIVING_PARTY)
    case_id = await open_handoff(ana, "brief")
    await identify(on_both, case_id)
    early = await read(ana, case_id, "brief")
    assert (early["complete"], early["summary"]) == (False, None)
    assert early["open"] == [
        "The signed contract.: not confirmed yet.",
        "The old card.: not confirmed yet.",
        "The representative's summary is missing.",
        "The customer has not been told of the handoff yet.",
    ]
    await do(ana, case_id, "items", {**CHECKED, "brief": BRIEF})
    await do(ana, case_id, "transfer", {**OVER_CRM, **NOTICE})
    brief = await read(party, case_id, "brief")
    assert (brief["complete"], brief["summary"], brief["asked"]) == (
        True, BRIEF, handoff()["text"],
    )  # fmt: skip
    assert brief["identity"].startswith("verified, level standard, until ")
    assert [item["state"] for item in brief["items"]] == ["confirmed", "confirmed"]
    assert brief["open"] == ["The legal desk has not acknowledged it yet."]
    assert [each["what"] for each in brief["deadlines"]] == [
        "the customer's identity expires", "acknowledge the handoff, or it goes back",
    ]  # fmt: skip
    done = " ".join(line["what"] for line in brief["done"])
    assert "csr (representative) checked the customer's identity" in done
    assert "transferred the handoff to receiving_party over crm" in done
    assert brief["inquiry"] is None


@pytest.mark.clause("HOF-4.2.2", "HOF-2")
async def test_the_brief_goes_back_to_the_inquiry_that_the_handoff_comes_from(
    on_both: Callers,
) -> None:
    ana = await on_both.of(Role.CSR)
    inquiry_id = await ana.open("inquiry of a brief")
    await identify(on_both, inquiry_id)
    promise = {"answer_by": IN_TWO_DAYS, "contact": "Ben, service desk"}
    await ana.do(inquiry_id, "promises", promise)
    await ana.do(inquiry_id, "notes", {"text": "For the desk's own eyes."})
    case_id = await open_handoff(ana, "brief of an inquiry", inquiry_id=inquiry_id)
    await do(ana, case_id, "notes", {"text": "For the desk's own eyes as well."})
    answer = await ana.get(page(case_id, "brief"))
    before = answer.json()["inquiry"]
    assert before["inquiry_id"] == inquiry_id
    assert (before["subject"], before["key_points"]) == (
        inquiry()["subject"], RECEPTION["key_points"],
    )  # fmt: skip
    (promised,) = before["promises"]
    assert (promised["contact"], promised["state"]) == ("Ben, service desk", "open")
    assert f"The inquiry {inquiry_id} is not resolved yet." in answer.json()["open"]
    assert "an answer is promised" in answer.text
    assert "own eyes" not in answer.text
    await ana.do(inquiry_id, "resolution", RESOLVED)
    before = (await read(ana, case_id, "brief"))["inquiry"]
    assert before["resolution"] == RESOLVED["resolution"]
    assert [promised["state"] for promised in before["promises"]] == ["kept"]
    assert "resolved the inquiry" in before["done"][-1]["what"]


@pytest.mark.clause("HOF-4.2.2", "HOF-5.2")
async def test_every_text_on_the_page_is_escaped(callers: Callers) -> None:
    ana = await callers.of(Role.CSR)
    customer = {"customer_id": "c-canary", "name": CANARY}
    inquiry_id = await ana.open(
        "canary of a brief", customer=customer, subject=CANARY, text=CANARY,
        reception={**RECEPTION, "greeting": CANARY, "key_points": CANARY},
    )  # fmt: skip
    await identify(callers, inquiry_id)
    await ana.do(inquiry_id, "promises", {"answer_by": IN_TWO_DAYS, "contact": CANARY})
    await ana.do(inquiry_id, "responses", {"text": CANARY})
    case_id = await open_handoff(
        ana, "canary brief", customer=customer, subject=CANARY, text=CANARY, inquiry_id=inquiry_id,
        items=[{"item": "contract", "description": CANARY}],
        receiving={**RECEIVING, "name": CANARY, "contact": CANARY},
    )  # fmt: skip
    checks = [{"item": "contract", "correct": True, "complete": True}]
    await do(ana, case_id, "items", {"checks": checks, "brief": CANARY})
    await do(ana, case_id, "transfer", {**OVER_CRM, "notice": {"said": CANARY, "introduced": True}})
    await ana.do(inquiry_id, "resolution", {"resolution": CANARY})
    shown = (await as_page(callers, case_id)).text
    found = Page(shown)
    assert set(found.tags) <= TAGS
    assert {name for name, _ in found.attributes} <= {
        "lang",
        "charset",
        "name",
        "content",
        "class",
        "datetime",
    }
    assert found.tags.count("style") == 1
    times = found.text.count(CANARY)
    assert times >= 18
    assert "<script" not in shown
    assert "<img" not in shown


@pytest.mark.clause("HOF-4.2.2")
async def test_the_page_can_be_printed_and_loads_nothing(callers: Callers) -> None:
    case_id = await offered(callers, "page")
    answer = await as_page(callers, case_id)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    found = Page(answer.text)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    (style,) = found.styles
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert "@media print" in style
    assert "max-width: 30rem" in style
    assert answer.text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert [tag for tag in found.tags if re.fullmatch(r"h[1-6]", tag)][:2] == ["h1", "h2"]
    assert not {"script", "link", "img", "iframe", "form", "a"} & set(found.tags)
    for words in (handoff()["subject"], BRIEF, "The legal desk", "level standard"):
        assert words in found.text, words


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/html;q=0.3, application/json", "application/json"),
        ("text/*", "text/html"),
        ("TEXT/HTML; q=x", "application/json"),
        (", ;;=, q", "application/json"),
    ],
)
async def test_the_brief_is_a_page_for_who_prefers_one(
    callers: Callers, accept: str | None, kind: str
) -> None:
    ana = await callers.of(Role.CSR)
    case_id = await open_handoff(ana, "negotiated")
    await do(ana, case_id, "notes", {"text": "x"})
    headers = {"Accept": accept} if accept is not None else {}
    answer = await ana.http.get(page(case_id, "brief"), headers=headers)
    assert answer.headers["Content-Type"].partition(";")[0] == kind
    assert answer.headers["Vary"] == "Accept"


@pytest_asyncio.fixture
async def unstaffed(server: DevServer, policy: Policy, tmp_path: Path) -> AsyncIterator[Callers]:
    """Run the API on a desk without a worker."""
    async with (
        a_desk(server, sqlite_url(tmp_path), "no-handoffs", policy, staffed=False) as desk,
        serve(desk) as app,
        Callers(app, desk.database) as callers,
    ):
        yield callers


async def test_a_handoff_that_the_crm_does_not_have_yet_is_said_to_be_on_its_way(
    unstaffed: Callers,
) -> None:
    ana, party = await unstaffed.of(Role.CSR), await unstaffed.of(Role.RECEIVING_PARTY)
    leader = await unstaffed.of(Role.TEAM_LEADER)
    case_id = await open_handoff(ana, "nobody works on it")
    assert (await read(ana, case_id))["recorded"] is False
    for part, empty in (("timeline", "entries"), ("confirmations", "confirmations")):
        assert await read(ana, case_id, part) == {empty: []}
    for part in ("verifications", "reports"):
        assert await read(leader, case_id, part) == {part: []}
    for part in ("brief", "brief.html"):
        is_problem(await ana.get(page(case_id, part)), "crm-unavailable")
    is_problem(await party.get(page(case_id)), "case-not-found")
    assert (await ana.get(HANDOFFS)).json()["handoffs"] == []
