"""The one way to Temporal: where it is, and what every client, worker and replayer carries."""

import asyncio
import logging
from datetime import datetime, timedelta
from functools import cache
from typing import NoReturn
from urllib.parse import quote

from temporalio.client import Client, ClientConfig
from temporalio.common import HeaderCodecBehavior
from temporalio.converter import DefaultFailureConverterWithEncodedAttributes
from temporalio.envconfig import ClientConfigProfile, ClientConnectConfig
from temporalio.plugin import SimplePlugin
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.worker import ReplayerConfig

from activities.key_ports import DataKey, Keyring, KeysUnavailableError
from runtime.codec import CaseCodec
from runtime.converter import CaseConverter
from runtime.errors import OperatorError
from runtime.log_context import LogContextInterceptor

DEFAULT_ADDRESS = "localhost:7233"
_PAUSE_S = 0.2  # between two attempts to connect


class TemporalUnavailableError(OperatorError):
    """No Temporal server answers, or Temporal's own configuration cannot be read."""


class CodecMissingError(OperatorError):
    """A client would write into Temporal's database what everybody can read there."""


class NoKeys:
    """The keyring of a process that only asks Temporal how it is: it seals and opens nothing."""

    def known(self, *_: object, **__: object) -> DataKey | None:
        """Return nothing."""
        return None

    known_by_id = known

    def obtain(self, *_: object, **__: object) -> NoReturn:
        """Refuse."""
        raise KeysUnavailableError("this process has no keys")

    find = destroyed = is_destroyed = open_by_id = obtain


class HandrailPlugin(SimplePlugin):
    """What every use of Temporal carries: converter, codec and interceptors are set here.

    Give it to the client alone; its workers inherit it. A Replayer takes it by itself.
    """

    def __init__(
        self, keyring: Keyring, *, namespace: str, plain_until: datetime | None = None
    ) -> None:
        """Seal by the keys of a keyring.

        Args:
            keyring: Where the keys are.
            namespace: Temporal's; payloads are bound to it.
            plain_until: What was written before there was a codec is read until then.
        """
        codec = CaseCodec(keyring, namespace, plain_until=plain_until)
        super().__init__(
            "handrail.HandrailPlugin",
            data_converter=CaseConverter.sealing_by(codec),
            interceptors=[LogContextInterceptor()],
        )

    def configure_client(self, config: ClientConfig) -> ClientConfig:
        """Seal headers, too."""
        config = super().configure_client(config)
        config["header_codec_behavior"] = HeaderCodecBehavior.CODEC
        return config

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        """Open headers, too."""
        config = super().configure_replayer(config)
        config["header_codec_behavior"] = HeaderCodecBehavior.CODEC
        return config


def require_codec(client: Client) -> None:
    """Refuse a client that was not made by `connect` with a keyring.

    Raises:
        CodecMissingError: It seals nothing, or not everything.
    """
    config, converter = client.config(active_config=True), client.data_converter
    codec = converter.payload_codec
    sealed = isinstance(codec, CaseCodec) and not isinstance(codec.keyring, NoKeys)
    failures = converter.failure_converter_class is DefaultFailureConverterWithEncodedAttributes
    if not (sealed and failures and config["header_codec_behavior"] is HeaderCodecBehavior.CODEC):
        raise CodecMissingError(
            "This Temporal client has no codec: what customers wrote would stand in clear in"
            " Temporal's database. Make it by runtime.temporal.connect, with a keyring."
        )


def configured_address() -> str | None:
    """Return the server's address in Temporal's own configuration, if there is one.

    Raises:
        TemporalUnavailableError: The configuration cannot be read.
    """
    return _profile().address


def configured_namespace() -> str:
    """Return the namespace in Temporal's own configuration, or its default.

    Raises:
        TemporalUnavailableError: The configuration cannot be read.
    """
    return _profile().namespace or "default"


async def connect(
    keyring: Keyring,
    *,
    address: str | None = None,
    within: timedelta = timedelta(seconds=30),
    plain_until: datetime | None = None,
) -> Client:
    """Connect by Temporal's own configuration: profile, TEMPORAL_ADDRESS, TLS, API key.

    Args:
        keyring: Seals what Temporal is given; `NoKeys` for who only asks how it is.
        address: The embedded server's, which takes the place of the configured server and needs
            neither TLS nor key.
        within: How long to go on trying before giving up.
        plain_until: What was written before there was a codec is read until then.

    Raises:
        TemporalUnavailableError: The server did not answer in time.
    """
    config = _connect_config(address)
    failure: Exception | None = None
    plugin = HandrailPlugin(
        keyring, namespace=config.get("namespace") or "default", plain_until=plain_until
    )
    try:
        async with asyncio.timeout(within.total_seconds()):
            while True:
                try:
                    return await Client.connect(**config, plugins=[plugin], runtime=_runtime())
                except RuntimeError as error:
                    failure = error
                await asyncio.sleep(_PAUSE_S)
    except TimeoutError:
        pass
    except ValueError as error:
        failure = error
    raise TemporalUnavailableError(
        f"Temporal at {config['target_host']} did not answer within {within.total_seconds():g} s"
        f" ({failure}). Start it, or let TEMPORAL_ADDRESS or the profile that TEMPORAL_PROFILE"
        " names point to a running server."
    ) from failure


def ui_link(base: str, namespace: str, workflow_id: str, run_id: str | None = None) -> str:
    """Return the page of a workflow, or of one run of it, in the Temporal Web UI."""
    page = f"{base.rstrip('/')}/namespaces/{quote(namespace, safe='')}/workflows"
    page += f"/{quote(workflow_id, safe='')}"
    return page if run_id is None else f"{page}/{quote(run_id, safe='')}/history"


def ui_list_link(base: str, namespace: str, query: str) -> str:
    """Return the list of the workflows that a query finds, in the Temporal Web UI."""
    page = f"{base.rstrip('/')}/namespaces/{quote(namespace, safe='')}/workflows"
    return f"{page}?query={quote(query, safe='')}"


def _profile() -> ClientConfigProfile:
    try:
        return ClientConfigProfile.load()
    except RuntimeError as error:
        # The first line says what is wrong; the rest may quote a key from the file.
        reason = str(error).partition("\n")[0]
        raise TemporalUnavailableError(
            f"Temporal's configuration cannot be used: {reason}. Mend the file that"
            " TEMPORAL_CONFIG_FILE names (or temporal.toml in the user's configuration directory)"
            " and the TEMPORAL_ variables."
        ) from None


def _connect_config(address: str | None) -> ClientConnectConfig:
    profile = _profile()
    if address is not None:
        profile = ClientConfigProfile(address=address, namespace=profile.namespace)
    config = profile.to_client_connect_config()
    config.setdefault("target_host", DEFAULT_ADDRESS)
    return config


@cache
def _runtime() -> Runtime:
    """Return the SDK's threads for this process, with their log lines among ours."""
    forwarding = LogForwardingConfig(
        logger=logging.getLogger("temporalio.core"),
        append_target_to_name=False,
        prepend_target_on_message=False,
        append_log_fields_to_message=False,  # they hold the failures' messages
    )
    levels = TelemetryFilter(core_level="WARN", other_level="ERROR")
    return Runtime(
        telemetry=TelemetryConfig(logging=LoggingConfig(filter=levels, forwarding=forwarding))
    )
