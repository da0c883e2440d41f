"""The compose file: valid, closed to the outside, free of secrets, started and ended in order."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import make_url
from temporalio.envconfig import ClientConfigProfile

from runtime.bootstrap import RETENTION
from runtime.settings import Settings
from tests.deploy.files import DEPLOY, DRAIN_S, compose, in_the_image
from workers.main import KEY_CONNECTIONS

SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OURS = {name for name, service in SERVICES.items() if "handrail" in service["image"]}
JOBS = {"temporal-schema", "migrate", "bootstrap"}
# Named for secrets, and none of them: where a key is kept, and public keys.
PLACES = {
    "HANDRAIL_KEY_ENCRYPTION",
    "HANDRAIL_KEY_DATABASE_URL",
    "HANDRAIL_CHECKPOINT_OLDER_KEYS",
}
RESTARTS = {"admin": "no"} | dict.fromkeys(JOBS, "on-failure:5")


def _seconds(text: str) -> float:
    return TypeAdapter(timedelta).validate_python("PT" + text.upper()).total_seconds()


def test_the_compose_file_follows_the_compose_specification() -> None:
    check = Path(sys.executable).parent / "check-jsonschema"
    checked = subprocess.run(
        [check, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_only_what_people_use_is_published_and_only_to_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"api", "temporal-ui", "codec"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_the_database_and_the_temporal_server_reach_nothing_outside() -> None:
    networks = compose()["networks"]
    closed = {name for name, network in networks.items() if network.get("internal")}
    for name in ("postgres", "keystore", "temporal", "temporal-schema", "migrate"):
        assert set(SERVICES[name]["networks"]) <= closed


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_change_nothing_but_its_data(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in service
    assert not service.get("privileged")


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_limits_and_comes_back_after_a_failure(name: str) -> None:
    service = SERVICES[name]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["restart"] == RESTARTS.get(name, "unless-stopped")


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_named_with_its_version(name: str) -> None:
    image = re.sub(r"\$\{\w+:-(.*)\}", r"\1", SERVICES[name]["image"])
    assert re.fullmatch(r"[\w/-]+:(local|\d[\w.-]+)", image)


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_a_containers_environment(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    secret = re.compile("password|pwd|secret|token|key", re.IGNORECASE)
    held = {
        key: value for key, value in environment.items() if secret.search(key) and key not in PLACES
    }
    assert all(key.endswith("_FILE") for key in held)
    assert all(str(value).startswith("/run/secrets/") for value in held.values())
    urls = [make_url(value) for key, value in environment.items() if key.endswith("DATABASE_URL")]
    assert all(url.password is None for url in urls)


def test_every_secret_is_a_file_and_its_example_opens_nothing() -> None:
    for name, secret in compose()["secrets"].items():
        assert secret == {"file": f"secrets/{name}"}
        example = DEPLOY / "secrets" / f"{name}.example"
        # Copied as it is, an empty password lets nobody in.
        assert example.read_text() == "" or name == "temporal.toml"
    given = {name for service in SERVICES.values() for name in service.get("secrets", [])}
    assert given == set(compose()["secrets"])


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("temporal.toml.example")), ids=str)
def test_the_temporal_examples_are_read_by_temporals_own_configuration(path: Path) -> None:
    profile = ClientConfigProfile.load(config_source=path, override_env_vars={})
    assert profile.namespace == "handrail"
    assert profile.address
    assert profile.api_key is None


def test_only_the_commands_by_hand_may_change_the_key_encryption_key() -> None:
    mounts = {
        name: mount
        for name, service in SERVICES.items()
        for mount in service.get("volumes", [])
        if mount.startswith("keys:")
    }
    assert {name for name, mount in mounts.items() if not mount.endswith(":ro")} == {"admin"}
    assert set(mounts) == OURS  # whatever of Handrail runs, opens the key store, or may have to
    assert SERVICES["admin"]["profiles"] == ["admin"]
    (place,) = {SERVICES[name]["environment"]["HANDRAIL_KEY_ENCRYPTION"] for name in mounts}
    directory = mounts["admin"].partition(":")[2]
    assert place == f"${{DEPLOY_KEY_ENCRYPTION:-local:{directory}/kek.json}}"
    # A volume takes owner and mode from the directory in the image.
    made = [run for run in in_the_image("RUN") if "--mode=0700" in run and directory in run]
    assert len(made) == 1


@pytest.mark.clause("HOF-5.1")
def test_a_backup_of_the_database_holds_no_key_and_one_of_the_keys_no_record() -> None:
    """Each is a server, and each server has a volume: `pg_basebackup` of one copies one."""
    for name in OURS:
        urls = {
            which: make_url(SERVICES[name]["environment"][f"HANDRAIL_{which}DATABASE_URL"])
            for which in ("", "KEY_")
        }
        assert (urls[""].host, urls["KEY_"].host) == ("postgres", "keystore"), name
    volumes = {
        server: {mount.partition(":")[0] for mount in SERVICES[server]["volumes"]}
        for server in ("postgres", "keystore")
    }
    assert volumes == {"postgres": {"postgres"}, "keystore": {"keystore"}}


def test_what_reads_payloads_reads_those_of_version_0_2_until_the_same_day() -> None:
    days = {SERVICES[name]["environment"]["HANDRAIL_PLAINTEXT_UNTIL"] for name in OURS}
    assert days == {"${DEPLOY_PLAINTEXT_UNTIL:-}"}


def test_a_service_waits_for_what_it_needs() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            if needed in JOBS:
                assert how["condition"] == "service_completed_successfully", name
            else:
                assert how["condition"] == "service_healthy", name
                assert "test" in SERVICES[needed]["healthcheck"], needed


def test_the_worker_and_the_api_start_after_the_schema_and_the_namespace() -> None:
    for name in ("worker", "api"):
        assert {"migrate", "bootstrap"} <= set(SERVICES[name]["depends_on"])


def test_the_image_is_healthy_by_what_answers_requests() -> None:
    unchecked = {name for name in OURS if SERVICES[name].get("healthcheck") == {"disable": True}}
    assert unchecked == OURS - {"api", "codec"}


def test_a_container_is_not_killed_while_its_work_drains() -> None:
    for name in ("worker", "api"):
        assert _seconds(SERVICES[name]["stop_grace_period"]) >= DRAIN_S + 10


def test_without_a_temporal_of_its_own_handrail_still_starts() -> None:
    elsewhere = {
        name for name, service in SERVICES.items() if "temporal" in service.get("profiles", [])
    }
    assert elsewhere == {"temporal", "temporal-ui", "temporal-schema"}
    for name in OURS:
        for needed, how in SERVICES[name].get("depends_on", {}).items():
            assert needed not in elsewhere or how["required"] is False


def _connections(server: str) -> int:
    (given,) = (word for word in SERVICES[server]["command"] if "max_connections" in word)
    return int(given.partition("=")[2])


def test_each_server_has_a_connection_for_every_pool() -> None:
    ours = Settings.model_fields["database_pool_size"].default * 2  # the worker's and the API's
    ours += 5  # the codec server's
    temporal = 4 * (20 + 10)  # the pools of each of its services: SQL_MAX_CONNS, SQL_VIS_MAX_CONNS
    by_hand = 20
    assert ours + temporal + by_hand <= _connections("postgres")
    assert ours + KEY_CONNECTIONS + by_hand <= _connections("keystore")


def test_the_ui_and_the_codec_server_know_each_other_by_the_same_addresses() -> None:
    ui, codec = (SERVICES[name]["environment"] for name in ("temporal-ui", "codec"))
    assert ui["TEMPORAL_CODEC_ENDPOINT"] == codec["HANDRAIL_CODEC_URL"]
    assert ui["TEMPORAL_CODEC_INCLUDE_CREDENTIALS"] == "true"
    api = SERVICES["api"]["environment"]
    assert codec["HANDRAIL_CODEC_ORIGINS"] == api["HANDRAIL_TEMPORAL_UI_URL"]


def test_histories_are_kept_for_thirty_days_at_least() -> None:
    assert timedelta(days=30) <= RETENTION
    assert SERVICES["bootstrap"]["command"] == ["bootstrap"]
