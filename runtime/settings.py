"""What the environment decides: places, ports, sizes. Never what the procedures decide."""

import difflib
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from runtime.access_settings import Seconds
from runtime.codec_settings import CodecSettings
from runtime.errors import OperatorError
from runtime.key_settings import LOOPBACK, KeySettings
from sop.checkpoint import public_key_of

PREFIX = "HANDRAIL_"
_LONGEST_IN_CLEAR = timedelta(days=400)


class SettingsError(OperatorError):
    """One or more HANDRAIL_ variables cannot be used; the message names each."""


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("this is not an http:// or https:// address")
    return value.rstrip("/")


def _database(value: str) -> str:
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError("this is not a database URL") from None
    backend = url.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise ValueError(f"{backend} is not supported")
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise ValueError("a database in memory is not shared between the API and the worker")
    return value


def _mail_server(value: str) -> str:
    parts = urlsplit(value)
    try:
        usable = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("this is not an smtp:// or smtps:// address")
    if parts.password is not None:
        raise ValueError("the password belongs into HANDRAIL_SMTP_PASSWORD")
    return value


def _incident_address(value: str) -> str:
    parts = urlsplit(value)
    try:
        usable = parts.hostname is not None and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.scheme not in {"http", "https"} or parts.fragment:
        raise ValueError("this is not an https:// address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the secret belongs into HANDRAIL_INCIDENT_SECRET")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("reports leave this machine by https:// only")
    return value


def _checkpoint_store(value: str) -> str:
    if "://" not in value:
        return str(Path(value).absolute())
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("this is neither a directory nor an https:// address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the secret belongs into HANDRAIL_CHECKPOINT_TOKEN")
    return value


def _public_keys(value: str) -> str:
    for line in value.split():
        public_key_of(line)
    return value


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,189}", value):
        raise ValueError("this is not an e-mail address")
    return value


Slots = Annotated[int, Field(ge=1, le=1000)]


class Settings(CodecSettings, KeySettings):
    """One process's surroundings, read once and handed down.

    Every field is the variable HANDRAIL_<FIELD>, or comes from the file that HANDRAIL_<FIELD>_FILE
    names. How to reach Temporal is not here: that is Temporal's own configuration (TEMPORAL_...).
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, validate_default=True
    )

    state_dir: Annotated[Path, AfterValidator(Path.absolute)] = Field(
        Path(".handrail"), description="the directory of the embedded server and database"
    )
    database_url: Annotated[str, AfterValidator(_database)] = Field(
        default_factory=lambda data: f"sqlite:///{data['state_dir'] / 'handrail.db'}",
        description="sqlite:///FILE or postgresql://USER@HOST/DATABASE",
        repr=False,
    )
    database_password: SecretStr | None = Field(
        None, description="the database's password, where the URL does not carry it"
    )
    database_pool_size: Slots = Field(20, description="database connections, from 1 to 1000")
    key_database_url: Annotated[str, AfterValidator(_database)] = Field(
        default_factory=lambda data: (
            data["database_url"]
            if make_url(data["database_url"]).get_backend_name() == "postgresql"
            else f"sqlite:///{data['state_dir'] / 'keys.db'}"
        ),
        description="the key store: sqlite:///FILE or postgresql://USER@HOST/DATABASE",
        repr=False,
    )
    key_database_password: SecretStr | None = Field(
        None, description="the key store's password, where it is not the database's"
    )
    plaintext_until: AwareDatetime | None = Field(
        None,
        description="until when payloads are read that version 0.2 wrote unencrypted, such as "
        "2027-01-31T00:00Z",
    )
    checkpoint_store: Annotated[str, AfterValidator(_checkpoint_store)] = Field(
        default_factory=lambda data: str(data["state_dir"] / "checkpoints"),
        description="where checkpoints are kept: a directory, or an https:// address",
    )
    checkpoint_every: Annotated[Seconds, Field(ge=timedelta(seconds=10), le=timedelta(days=1))] = (
        Field(
            timedelta(minutes=5),
            description="how often a checkpoint of the journal is signed, from 10 s to a day",
        )
    )
    checkpoint_older_keys: Annotated[str, AfterValidator(_public_keys)] = Field(
        "",
        description="the public keys of the keys before this one, as `handrail verify --show-key` "
        "prints them, with blanks between them",
    )
    checkpoint_token: SecretStr | None = Field(
        None, description="the bearer token of the store of checkpoints"
    )
    policy_file: Annotated[Path, AfterValidator(Path.absolute)] = Field(
        Path(str(files("sop") / "policy.toml")), description="the policy file in TOML"
    )
    api_host: str = Field("127.0.0.1", description="the address that the HTTP API listens on")
    api_port: int = Field(
        8000, ge=0, le=65535, description="the HTTP API's port, from 0 (any free one) to 65535"
    )
    temporal_ui_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        None, description="the Temporal Web UI's address, such as https://temporal.example.com"
    )
    smtp_url: Annotated[str, AfterValidator(_mail_server)] | None = Field(
        None,
        description="the mail server: smtp://USER@HOST:PORT (STARTTLS) or smtps://USER@HOST:PORT",
        repr=False,
    )
    smtp_password: SecretStr | None = Field(None, description="the mail server's password")
    mail_sender: Annotated[str, AfterValidator(_mail_address)] = Field(
        "handrail@localhost", description="the address that mail to receiving parties comes from"
    )
    incident_url: Annotated[str, AfterValidator(_incident_address)] | None = Field(
        None,
        description="where reports are POSTed, such as https://incidents.example.com/reports",
        repr=False,
    )
    incident_secret: SecretStr | None = Field(
        None, description="the bearer token of the incident management system"
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto (console on a terminal, else json), json or console"
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = (
        Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    )
    task_queue: str = Field(
        "handrail", min_length=1, max_length=200, description="Temporal's task queue"
    )
    workflow_task_slots: Slots = Field(50, ge=2, description="workflow tasks at a time, 2 to 1000")
    activity_slots: Slots = Field(10, description="activities at a time, from 1 to 1000")
    local_activity_slots: Slots = Field(10, description="journal flushes at a time, 1 to 1000")
    sticky_timeout: Seconds = Field(
        timedelta(seconds=5), description="how long a case waits for the worker that it knows"
    )
    graceful_shutdown: Seconds = Field(
        timedelta(seconds=30), description="how long a stopping worker lets its activities finish"
    )

    @model_validator(mode="after")
    def _connections_suffice(self) -> Self:
        slots = self.activity_slots + self.local_activity_slots
        if slots > self.database_pool_size:
            raise ValueError(
                f"{slots} slots (HANDRAIL_ACTIVITY_SLOTS {self.activity_slots} + "
                f"HANDRAIL_LOCAL_ACTIVITY_SLOTS {self.local_activity_slots}) would wait for "
                f"{self.database_pool_size} database connections: raise "
                "HANDRAIL_DATABASE_POOL_SIZE or lower the slots"
            )
        return self

    @model_validator(mode="after")
    def _keys_have_a_file_of_their_own(self) -> Self:
        """Disposal holds the CRM's write lock while it asks the key store; a file has one lock."""
        url = make_url(self.key_database_url)
        if url.get_backend_name() == "sqlite" and url == make_url(self.database_url):
            raise ValueError(
                "HANDRAIL_KEY_DATABASE_URL and HANDRAIL_DATABASE_URL name the same SQLite file: "
                "give the key store one of its own"
            )
        return self

    @model_validator(mode="after")
    def _plaintext_has_an_end(self) -> Self:
        if self.plaintext_until is not None:
            latest = datetime.now(UTC) + _LONGEST_IN_CLEAR
            if self.plaintext_until > latest:
                raise ValueError(
                    "HANDRAIL_PLAINTEXT_UNTIL lets unencrypted payloads in until "
                    f"{self.plaintext_until:%Y-%m-%d}: name a day of the next "
                    f"{_LONGEST_IN_CLEAR.days}, by which the cases of version 0.2 are closed"
                )
        return self

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        if self.smtp_url is not None and "mail_sender" not in self.model_fields_set:
            raise ValueError(
                "HANDRAIL_SMTP_URL names a mail server, but HANDRAIL_MAIL_SENDER no address that "
                "mail comes from: set both or neither"
            )
        return self

    @property
    def database(self) -> str:
        """The database's URL with its password: for the engine only, never for a log."""
        return _with(self.database_password, self.database_url)

    @property
    def key_database(self) -> str:
        """The key store's URL with its password, or the database's for the same user: as above."""
        url, ours = make_url(self.key_database_url), make_url(self.database_url)
        password = self.key_database_password
        if password is None and (url.host, url.username) == (ours.host, ours.username):
            password = self.database_password
        return _with(password, self.key_database_url)


def _with(password: SecretStr | None, address: str) -> str:
    url = make_url(address)
    if password is not None and url.password is None:
        url = url.set(password=password.get_secret_value())
    return url.render_as_string(hide_password=False)


def load_settings() -> Settings:
    """Read the settings from the environment and from the files that it names.

    Raises:
        SettingsError: A variable is misspelt or holds what it may not; each is named.
    """
    if misspelt := _misspelt(os.environ):
        raise SettingsError(misspelt)
    try:
        return Settings(**_named_files(os.environ))
    except ValidationError as error:
        raise SettingsError(_sentences(error)) from None


def _named_files(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the values whose variables name a file, as container secrets do."""
    values = {}
    for field in Settings.model_fields:
        variable = PREFIX + field.upper()
        path = environ.get(variable + "_FILE")
        if not path or f"{field}_file" in Settings.model_fields:  # that one is kept open to change
            continue
        if environ.get(variable):
            raise SettingsError(f"Set {variable} or {variable}_FILE, not both.")
        try:
            values[field] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{variable}_FILE names {path}, which cannot be read ({type(error).__name__}): "
                "let it name a readable text file, or unset it."
            ) from error
    return values


def _misspelt(environ: Mapping[str, str]) -> str:
    """Return a line for each variable that is nearly, but not quite, one of ours."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    known += [name + "_FILE" for name in known]
    strange = (name for name in environ if name.startswith(PREFIX) and name not in known)
    close = ((name, difflib.get_close_matches(name, known, n=1, cutoff=0.93)) for name in strange)
    return "\n".join(f"{name} is unknown: do you mean {near[0]}?" for name, near in close if near)


def _sentences(error: ValidationError) -> str:
    """Return a line for each mistake: the variable, what it holds, what is allowed."""
    lines = []
    for mistake in error.errors(include_url=False):
        message = mistake["msg"].removeprefix("Value error, ")
        if mistake["type"] == "default_factory_not_called":
            continue
        if not mistake["loc"]:
            lines.append(message[0].upper() + message[1:] + ".")
            continue
        field = Settings.model_fields[str(mistake["loc"][0])]
        held = f" is {mistake['input']!r}" if field.repr else ""
        name = PREFIX + str(mistake["loc"][0]).upper()
        lines.append(f"{name}{held}: {message[0].lower()}{message[1:]}. It is {field.description}.")
    return "\n".join(lines)
