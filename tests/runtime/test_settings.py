"""The environment: what it may say, and how a mistake is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A working directory of its own, and none of the developer's variables."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"HANDRAIL_{name.upper()}", raising=False)
        monkeypatch.delenv(f"HANDRAIL_{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.state_dir == tmp_path / ".handrail"
    assert settings.database == f"sqlite:///{tmp_path}/.handrail/handrail.db"
    assert settings.policy_file.parts[-2:] == ("sop", "policy.toml")
    assert settings.sticky_timeout == timedelta(seconds=5)
    assert settings.graceful_shutdown == timedelta(seconds=30)


def test_the_default_database_lives_in_the_state_directory(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("HANDRAIL_STATE_DIR", "/var/lib/handrail")
    assert load_settings().database == "sqlite:////var/lib/handrail/handrail.db"


def test_an_empty_variable_counts_as_unset(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HANDRAIL_API_PORT", "")
    assert load_settings().api_port == 8000


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("API_PORT", "eighty", "HANDRAIL_API_PORT is 'eighty': input should be a valid integer"),
        ("API_PORT", "70000", "from 0 (any free one) to 65535"),
        ("LOG_LEVEL", "loud", "DEBUG, INFO, WARNING or ERROR"),
        ("LOG_FORMAT", "xml", "json or console"),
        ("ACTIVITY_SLOTS", "0", "HANDRAIL_ACTIVITY_SLOTS is '0'"),
        ("CHECKPOINT_EVERY", "9", "HANDRAIL_CHECKPOINT_EVERY is '9'"),
        ("CHECKPOINT_EVERY", "86401", "from 10 s to a day"),
        ("CHECKPOINT_OLDER_KEYS", "handrail-journal+00000000+AAAA", "no public key"),
        ("STICKY_TIMEOUT", "soon", "HANDRAIL_STICKY_TIMEOUT is 'soon'"),
        ("TEMPORAL_UI_URL", "temporal.example.com", "not an http:// or https:// address"),
        ("DATABASE_URL", "mysql://host/db", "mysql is not supported"),
        ("DATABASE_URL", "sqlite://", "a database in memory is not shared"),
        ("DATABASE_URL", "cases", "not a database URL"),
        ("SMTP_URL", "mail.example.com", "not an smtp:// or smtps:// address"),
        ("SMTP_URL", "smtp://mail.example.com:port", "not an smtp:// or smtps:// address"),
        ("SMTP_URL", "smtp://desk:x@mail.example.com", "belongs into HANDRAIL_SMTP_PASSWORD"),
        ("SMTP_URL", "smtps://mail.example.com", "HANDRAIL_MAIL_SENDER no address"),
        ("MAIL_SENDER", "desk@example.com\nBcc: x@y.z", "not an e-mail address"),
        ("INCIDENT_URL", "incidents.example.com", "not an https:// address"),
        ("INCIDENT_URL", "https://incidents.example.com:port/", "not an https:// address"),
        ("INCIDENT_URL", "http://incidents.example.com/", "by https:// only"),
        ("INCIDENT_URL", "https://x:y@incidents.example.com/", "into HANDRAIL_INCIDENT_SECRET"),
    ],
)
def test_a_bad_value_is_told_with_its_variable_and_what_is_allowed(
    environment: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    environment.setenv(f"HANDRAIL_{name}", value)
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert said in str(told.value)
    assert f"HANDRAIL_{name}" in str(told.value)


def test_every_mistake_is_told_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HANDRAIL_API_PORT", "eighty")
    environment.setenv("HANDRAIL_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert len(str(told.value).splitlines()) == 2


def test_more_activity_slots_than_database_connections_are_refused(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("HANDRAIL_ACTIVITY_SLOTS", "15")
    with pytest.raises(SettingsError, match=r"25 slots .* would wait for 20 database connections"):
        load_settings()
    environment.setenv("HANDRAIL_DATABASE_POOL_SIZE", "25")
    assert load_settings().activity_slots == 15


def test_the_key_store_is_not_in_the_databases_own_file(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HANDRAIL_DATABASE_URL", "HANDRAIL_KEY_DATABASE_URL"):
        environment.setenv(name, f"sqlite:///{tmp_path / 'one.db'}")
    with pytest.raises(SettingsError, match="give the key store one of its own"):
        load_settings()


def test_unencrypted_payloads_are_let_in_for_a_while_only(environment: pytest.MonkeyPatch) -> None:
    soon = datetime.now(UTC) + timedelta(days=399)
    environment.setenv("HANDRAIL_PLAINTEXT_UNTIL", soon.isoformat())
    assert load_settings().plaintext_until == soon
    environment.setenv("HANDRAIL_PLAINTEXT_UNTIL", (soon + timedelta(days=2)).isoformat())
    with pytest.raises(SettingsError, match="name a day of the next 400"):
        load_settings()


def test_a_misspelt_variable_is_refused_with_the_right_name(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("HANDRAIL_DATABSE_URL", "sqlite:///elsewhere.db")
    with pytest.raises(SettingsError, match="do you mean HANDRAIL_DATABASE_URL"):
        load_settings()


def test_variables_that_an_orchestrator_sets_are_left_alone(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("HANDRAIL_WEB_SERVICE_HOST", "10.0.0.1")
    environment.setenv("HANDRAIL_TEST_POSTGRES_URL", "postgresql://host/db")
    load_settings()


def test_a_secret_comes_from_the_file_that_its_variable_names(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("s3:c/ret\n")
    environment.setenv("HANDRAIL_DATABASE_URL", "postgresql://desk@db.example.com/handrail")
    environment.setenv("HANDRAIL_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    assert load_settings().database == "postgresql://desk:s3%3Ac%2Fret@db.example.com/handrail"


@pytest.mark.parametrize(
    ("store", "given", "used"),
    [
        ("handrail@keys.example.com/keys", "s3cret", ":s3cret@"),
        ("handrail@db.example.com/keys", "s3cret", ":s3cret@"),
        ("handrail@db.example.com/keys", None, ":crm@"),
        ("handrail@keys.example.com/keys", None, "handrail@"),
        ("another@db.example.com/keys", None, "another@"),
        ("handrail:own@keys.example.com/keys", "s3cret", ":own@"),
    ],
)
def test_the_key_store_has_a_password_of_its_own_and_another_server_never_the_databases(
    environment: pytest.MonkeyPatch, store: str, given: str | None, used: str
) -> None:
    environment.setenv("HANDRAIL_DATABASE_URL", "postgresql://handrail@db.example.com/handrail")
    environment.setenv("HANDRAIL_DATABASE_PASSWORD", "crm")
    environment.setenv("HANDRAIL_KEY_DATABASE_URL", f"postgresql://{store}")
    if given is not None:
        environment.setenv("HANDRAIL_KEY_DATABASE_PASSWORD", given)
    settings = load_settings()
    assert used in settings.key_database
    assert settings.database == "postgresql://handrail:crm@db.example.com/handrail"


def test_a_secret_given_twice_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HANDRAIL_DATABASE_PASSWORD", "one")
    environment.setenv("HANDRAIL_DATABASE_PASSWORD_FILE", "two")
    with pytest.raises(SettingsError, match="not both"):
        load_settings()


def test_a_secret_file_that_is_missing_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HANDRAIL_DATABASE_PASSWORD_FILE", "missing.txt")
    with pytest.raises(SettingsError, match=r"HANDRAIL_DATABASE_PASSWORD_FILE names missing\.txt"):
        load_settings()


def test_no_password_is_ever_printed(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HANDRAIL_DATABASE_URL", "postgresql://desk:s3cret@host/db")
    environment.setenv("HANDRAIL_DATABASE_PASSWORD", "s3cret")
    assert "s3cret" not in repr(load_settings()) + str(load_settings())
    environment.setenv("HANDRAIL_DATABASE_URL", "mysql://desk:s3cret@host/db")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert "s3cret" not in str(told.value)


def test_a_mail_server_is_named_with_its_user_and_the_password_apart(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    environment.setenv("HANDRAIL_SMTP_URL", "smtp://desk%40example.com@mail.example.com:2525")
    environment.setenv("HANDRAIL_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    environment.setenv("HANDRAIL_MAIL_SENDER", "desk@example.com")
    settings = load_settings()
    assert settings.mail_sender == "desk@example.com"
    assert settings.smtp_password is not None
    assert settings.smtp_password.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)
    environment.delenv("HANDRAIL_SMTP_PASSWORD_FILE")
    environment.setenv("HANDRAIL_SMTP_URL", "smtp://desk:s3cret@mail.example.com")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert "s3cret" not in str(told.value)
