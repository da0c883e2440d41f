"""The plain paths cost what `docs/costs.md` says, and no more than the limits."""

from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import URL

from runtime.devserver import DevServer
from sop.policy import Policy
from tests.bench import rotating, verifying
from tests.bench.counts import LIMITS, beyond, measure
from tests.bench.limits import judged
from tests.bench.report import PAGE, committed, limited


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


def test_the_page_says_which_times_have_a_limit_and_how_to_measure_them() -> None:
    assert PAGE.read_text("utf-8").endswith(limited())


@pytest.mark.parametrize(("seconds", "within"), [(0.1, True), (30.0, False), (31.0, False)])
def test_beyond_its_limit_a_time_has_failed(seconds: float, within: bool) -> None:
    passed, said = judged(seconds, 30.0)
    assert passed is within
    assert said == f"{'passed' if within else 'FAILED'} (limit 30 s)"


@pytest.mark.parametrize(("module", "limit"), [(rotating, 60.0), (verifying, 30.0)])
def test_a_benchmark_with_a_limit_measures_and_judges(
    module: ModuleType, limit: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert limit == module.LIMIT_S
    only = [("sqlite", f"sqlite:///{tmp_path / 'bench.db'}")]
    monkeypatch.setattr(module, "urls", lambda _: iter(only))
    monkeypatch.setattr(module.sys, "argv", ["bench", "40"])
    assert module.main() == 0
    only[:] = [("sqlite", f"sqlite:///{tmp_path / 'again.db'}")]
    monkeypatch.setattr(module, "LIMIT_S", 0.0)
    assert module.main() == 1
