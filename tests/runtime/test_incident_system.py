"""Which incident management system a worker files with, as the settings say (HOF-7.3)."""

from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from adapters.database import Database
from adapters.incident_webhook import WebhookIncidents
from adapters.incidents import SqlIncidents
from runtime.settings import Settings
from workers.main import incident_system

pytestmark = pytest.mark.clause("HOF-7.3")


@pytest.mark.parametrize(
    ("url", "kind"),
    [(None, SqlIncidents), ("https://incidents.example.com/reports", WebhookIncidents)],
)
def test_reports_go_to_the_companys_own_system_where_one_is_named(
    tmp_path: Path, url: str | None, kind: type
) -> None:
    settings = Settings(state_dir=tmp_path, incident_url=url)
    with closing(Database(settings.database)) as database, ExitStack() as stack:
        assert isinstance(incident_system(settings, database, stack), kind)
