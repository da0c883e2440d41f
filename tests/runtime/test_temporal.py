"""The way to Temporal: whose configuration counts, and what a failure says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel
from temporalio.api.common.v1 import Payload
from temporalio.converter import WorkflowSerializationContext

from runtime.devserver import DevServer
from runtime.temporal import TemporalUnavailableError, configured_address, connect, ui_link
from tests.keyrings import shared_keyring

NOBODY = "127.0.0.1:1"


class Reception(BaseModel):
    received_at: datetime


async def test_the_embedded_servers_address_needs_no_configuration(server: DevServer) -> None:
    client = await connect(shared_keyring(), address=server.address)
    assert client.namespace == "default"
    assert await client.service_client.check_health()


async def test_temporals_own_variables_name_the_server(
    server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "desk")
    assert configured_address() == server.address
    assert (await connect(shared_keyring())).namespace == "desk"


async def test_a_profile_names_the_server(
    server: DevServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "temporal.toml").write_text(f'[profile.night]\naddress = "{server.address}"\n')
    monkeypatch.setenv("TEMPORAL_PROFILE", "night")
    assert configured_address() == server.address
    await connect(shared_keyring())


async def test_the_embedded_server_gets_no_key_of_another_one(
    server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_API_KEY", "for-the-cloud")
    client = await connect(shared_keyring(), address=server.address)
    assert client.service_client.config.api_key is None
    assert not client.service_client.config.tls


async def test_a_silent_server_is_told_with_its_address_and_what_to_do() -> None:
    with pytest.raises(TemporalUnavailableError) as told:
        await connect(shared_keyring(), address=NOBODY, within=timedelta(seconds=0.3))
    assert NOBODY in str(told.value)
    assert "TEMPORAL_ADDRESS" in str(told.value)


async def test_an_address_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "not an address")
    with pytest.raises(TemporalUnavailableError, match="not an address"):
        await connect(shared_keyring(), within=timedelta(seconds=0.3))


def test_a_broken_configuration_is_told_without_quoting_it(tmp_path: Path) -> None:
    (tmp_path / "temporal.toml").write_text('[profile.default]\napi_key = "s3cret" oops\n')
    with pytest.raises(TemporalUnavailableError) as told:
        configured_address()
    assert "TEMPORAL_CONFIG_FILE" in str(told.value)
    assert "s3cret" not in str(told.value)


def test_an_unknown_profile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_PROFILE", "night")
    with pytest.raises(TemporalUnavailableError, match="night"):
        configured_address()


async def test_payloads_are_pydantic_models(server: DevServer) -> None:
    client = await connect(shared_keyring(), address=server.address)
    sent = Reception(received_at=datetime(2026, 11, 23, 12, tzinfo=UTC))
    converter = client.data_converter.with_context(
        WorkflowSerializationContext(namespace="default", workflow_id="inquiry-1")
    )
    payloads: list[Payload] = await converter.encode([sent])
    assert await converter.decode(payloads, [Reception]) == [sent]


@pytest.mark.parametrize(
    ("base", "workflow_id", "run_id", "link"),
    [
        ("http://ui", "inquiry-1", None, "http://ui/namespaces/desk/workflows/inquiry-1"),
        ("http://ui/", "a/b c", None, "http://ui/namespaces/desk/workflows/a%2Fb%20c"),
        ("http://ui", "i-1", "r-1", "http://ui/namespaces/desk/workflows/i-1/r-1/history"),
    ],
)
def test_a_link_leads_to_the_workflows_page(
    base: str, workflow_id: str, run_id: str | None, link: str
) -> None:
    assert ui_link(base, "desk", workflow_id, run_id) == link
