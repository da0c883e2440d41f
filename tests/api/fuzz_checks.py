"""What schemathesis checks besides: a request that fits the description is understood."""

import json
from typing import Any

import schemathesis

_NOT_UNDERSTOOD = {"/problems/invalid-request", "/problems/malformed-json"}


@schemathesis.check
def well_formed_is_understood(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Refuse an answer that calls a well-formed request ill-formed.

    It may still be refused: a value that the policy does not have, a key that came with another
    body. These are 422 as well, which is why schemathesis's own check has to let 422 pass.
    """
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code not in {400, 422}:
        return
    said = json.loads(response.content)
    if said["type"] in _NOT_UNDERSTOOD:
        raise AssertionError(f"a well-formed request was refused: {said.get('errors')}")
