"""The plain path costs what `docs/costs.md` says, and no more than the limits."""

import pytest
from sqlalchemy import URL

from runtime.devserver import DevServer
from sop.policy import Policy
from tests.bench.counts import LIMITS, measure
from tests.bench.report import committed


async def test_the_plain_path_costs_what_the_page_says(
    server: DevServer, policy: Policy, own_database_url: URL
) -> None:
    costs = await measure(server, own_database_url, policy, "plain")
    assert costs.exact == committed()["plain"][own_database_url.get_backend_name()]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_plain_path_stays_within_its_limits(kind: str) -> None:
    costs = committed()["plain"][kind]
    assert {name: costs[name] for name in LIMITS if int(str(costs[name])) > LIMITS[name]} == {}
