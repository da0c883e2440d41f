"""Histories in clear: recorded ones are read by people, and by a replayer without their keys."""

import base64
import json
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory

from activities.key_ports import Keyring
from runtime.codec import KEY_ID, CaseCodec


async def opened(history: WorkflowHistory, keyring: Keyring, namespace: str) -> Any:
    """Return a history as JSON with every payload opened, and without stack traces.

    These name the files of whoever recorded it.
    """
    return await _open(history.to_json_dict(), CaseCodec(keyring, namespace))


async def _open(value: Any, codec: CaseCodec) -> Any:
    match value:
        case dict() if KEY_ID in value.get("metadata", {}):
            [payload] = await codec.decode([ParseDict(value, Payload())])
            return _without_traces(MessageToDict(payload))
        case dict():
            return {k: await _open(v, codec) for k, v in value.items() if k != "stackTrace"}
        case list():
            return [await _open(part, codec) for part in value]
        case _:
            return value


def _without_traces(payload: dict[str, Any]) -> dict[str, Any]:
    """Empty the trace of a failure whose message and trace were sealed together."""
    try:
        held = json.loads(base64.b64decode(payload.get("data", "")))
    except ValueError:
        return payload
    if not isinstance(held, dict) or "stack_trace" not in held:
        return payload
    data = json.dumps({**held, "stack_trace": ""}).encode()
    return {**payload, "data": base64.b64encode(data).decode()}
