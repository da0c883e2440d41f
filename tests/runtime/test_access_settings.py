"""What the environment says of tokens, rates and times, and how a mistake is told."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from api.app import bearer_tokens, manner_of
from runtime.access_settings import read_roles
from runtime.settings import Settings, SettingsError, load_settings
from sop.models import Actor, Role
from tests.issuer import an_issuer

TOKENS = {
    "OIDC_ISSUER": "https://login.example.com/realms/desk/",
    "OIDC_AUDIENCE": "handrail",
    "OIDC_JWKS_URL": "https://login.example.com/keys",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A working directory of its own, and none of the developer's variables."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"HANDRAIL_{name.upper()}", raising=False)
        monkeypatch.delenv(f"HANDRAIL_{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def say(environment: pytest.MonkeyPatch, **values: str) -> None:
    """Set variables."""
    for name, value in values.items():
        environment.setenv(f"HANDRAIL_{name}", value)


def test_by_default_no_token_opens_anything_and_every_caller_has_a_rate() -> None:
    settings = load_settings()
    with bearer_tokens(settings, settings.oidc_audience) as tokens:
        assert tokens is None
    rates = {settings.rate_per_principal, settings.rate_per_customer, settings.rate_per_address}
    assert "off" not in rates


@pytest.mark.parametrize("missing", TOKENS)
def test_half_of_what_tokens_need_is_refused(environment: pytest.MonkeyPatch, missing: str) -> None:
    say(environment, **{name: value for name, value in TOKENS.items() if name != missing})
    with pytest.raises(SettingsError, match="set all three or none"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OIDC_ISSUER", "login.example.com", "not an https:// address"),
        ("OIDC_ISSUER", "https://login.example.com/?realm=desk", "not an https:// address"),
        ("OIDC_ISSUER", "https://login.example.com:port/", "not an https:// address"),
        ("OIDC_JWKS_URL", "http://login.example.com/keys", "by https:// only"),
        ("OIDC_JWKS_URL", "file:///etc/keys", "not an https:// address"),
        ("OIDC_JWKS_URL", "https://user:pw@login.example.com/keys", "no user and no password"),
        ("OIDC_TOKEN_TYPE", "id", "at+jwt, or JWT"),
        ("OIDC_ROLES", "desk=system", "there is no role system"),
        ("OIDC_ROLES", "desk=boss", "there is no role boss"),
        ("OIDC_ROLES", "desk", "NAME=ROLE"),
        ("OIDC_ROLES", "desk=csr,desk=auditor", "a name stands twice"),
        ("OIDC_LEEWAY", "3600", "2 minutes at most"),
        ("RATE_PER_PRINCIPAL", "many", "this is no rate"),
        ("RATE_PER_CUSTOMER", "0/minute", "this is no rate"),
        ("RATE_PER_ADDRESS", "10/fortnight", "this is no rate"),
        ("REQUEST_TIMEOUT", "0", "from 1 s"),
        ("ANSWER_TIMEOUT", "3600", "from 1 s"),
        ("DOCS", "yes", "auto (only where"),
    ],
)
def test_a_bad_value_is_told_with_what_is_allowed(
    environment: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    say(environment, **{**TOKENS, name: value})
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert f"HANDRAIL_{name}" in str(told.value)
    assert said in str(told.value)


def test_keys_by_address_and_by_file_are_not_both_given(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "keys.json").write_text("{}")
    say(environment, **TOKENS, OIDC_JWKS_FILE=str(tmp_path / "keys.json"))
    with pytest.raises(SettingsError, match="not both"):
        load_settings()


def test_a_key_file_that_holds_none_is_told_at_the_start(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "keys.json").write_text('{"keys": []}')
    say(environment, **{**TOKENS, "OIDC_JWKS_URL": ""}, OIDC_JWKS_FILE=str(tmp_path / "keys.json"))
    settings = load_settings()
    with (
        pytest.raises(SettingsError, match="HANDRAIL_OIDC_JWKS cannot be used"),
        bearer_tokens(settings, settings.oidc_audience),
    ):
        pass


def test_tokens_are_checked_as_the_settings_say(environment: pytest.MonkeyPatch) -> None:
    with an_issuer() as issuer:
        say(
            environment,
            OIDC_ISSUER=issuer.name,
            OIDC_AUDIENCE="handrail",
            OIDC_JWKS_URL=issuer.url,
            OIDC_TOKEN_TYPE="JWT",
            OIDC_PRINCIPAL_CLAIM="preferred_username",
            OIDC_ROLE_CLAIM="groups",
            OIDC_ROLES="Desk Leads=team_leader, Desk=csr",
        )
        settings = load_settings()
        token = issuer.token(
            issuer.header(typ="JWT"), preferred_username="lee", groups=["Desk Leads"]
        )
        with bearer_tokens(settings, settings.oidc_audience) as tokens:
            assert tokens is not None
            assert tokens.verify(token) == Actor(principal="lee", role=Role.TEAM_LEADER)


def test_keys_come_from_a_file_without_a_network(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with an_issuer() as issuer:
        (tmp_path / "keys.json").write_text(json.dumps(issuer.key_set()))
        say(
            environment,
            OIDC_ISSUER=issuer.name,
            OIDC_AUDIENCE="handrail",
            OIDC_JWKS_FILE=str(tmp_path / "keys.json"),
        )
        settings = load_settings()
        with bearer_tokens(settings, settings.oidc_audience) as tokens:
            assert tokens is not None
            assert tokens.verify(issuer.token()).principal == "ana"
        assert issuer.asked == 0


def test_no_role_of_a_token_is_the_clocks() -> None:
    assert read_roles("a=csr,b=privacy_officer") == {"a": Role.CSR, "b": Role.PRIVACY_OFFICER}
    with pytest.raises(ValueError, match="there is no role system"):
        read_roles("a=system")


@pytest.mark.parametrize(
    ("host", "said", "served"),
    [
        ("127.0.0.1", "auto", True),
        ("::1", "auto", True),
        ("0.0.0.0", "auto", False),  # noqa: S104 - what a container listens on
        ("10.0.0.5", "auto", False),
        ("::", "auto", False),
        ("127.0.0.1", "off", False),
        ("10.0.0.5", "on", True),
    ],
)
def test_the_description_is_served_on_this_machine_alone_unless_it_is_said(
    environment: pytest.MonkeyPatch, host: str, said: str, *, served: bool
) -> None:
    say(environment, API_HOST=host, DOCS=said)
    assert manner_of(load_settings()).docs is served


def test_times_are_given_in_seconds(environment: pytest.MonkeyPatch) -> None:
    say(environment, REQUEST_TIMEOUT="3", ANSWER_TIMEOUT="60")
    settings = load_settings()
    assert settings.request_timeout == timedelta(seconds=3)
    assert (manner_of(settings).arrival_s, manner_of(settings).answer_s) == (3.0, 60.0)
