"""The plain paths cost what `docs/costs.md` says, and no more than the limits."""

import pytest
from sqlalchemy import URL

from runtime.devserver import DevServer
from sop.policy import Policy
from tests.bench.counts import LIMITS, beyond, measure
from tests.bench.report import committed


@pytest.mark.parametrize("path", list(LIMITS))
async def test_a_plain_path_costs_what_the_page_says(
    server: DevServer, policy: Policy, own_database_url: URL, path: str
) -> None:
    costs = await measure(server, own_database_url, policy, path)
    assert costs.exact == committed()[path][own_database_url.get_backend_name()]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("path", list(LIMITS))
def test_a_plain_path_stays_within_its_limits(path: str, kind: str) -> None:
    assert beyond(path, committed()[path][kind]) == {}
