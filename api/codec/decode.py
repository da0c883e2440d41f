"""`POST /decode` and `POST /{namespace}/decode`."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from activities.key_ports import KeysUnavailableError
from activities.ports import CrmUnavailableError
from api.authentication import Caller
from api.codec.decoding import Decoder
from api.codec.door import reader_of, require_decode, set_cookie
from api.codec.parts import codec_parts_of
from api.codec.payloads import payloads_as_json, read_payloads
from api.problems import ProblemError

HEADERS = ("Authorization", "Authorization-Extras", "Content-Type", "X-Namespace")
"""What Temporal's pages send along."""


async def decode(request: Request) -> Response:
    """Show payloads in plain text to those who may read their case.

    Raises:
        ProblemError: Nobody asks who comes in, too often, or nothing can be shown now.
    """
    parts = codec_parts_of(request)
    if request.method != "POST":
        raise ProblemError("method-not-allowed", headers={"Allow": "POST, OPTIONS"})
    require_known_page(request, (*parts.place.origins, parts.place.url))
    reader, session = await reader_of(request, parts)
    request.scope["user"] = Caller(reader.actor)  # for the line of log
    parts.rates.count_caller(reader.actor.principal)
    require_decode(reader)
    payloads = await read_payloads(request)
    decoder = Decoder(parts.keys, parts.owners, parts.access_log, parts.place.namespace)
    try:
        shown = await decoder.decode(reader, _namespace(request, parts.place.namespace), payloads)
    except KeysUnavailableError:
        raise ProblemError("crm-unavailable", detail="The key store does not answer.") from None
    except CrmUnavailableError:
        raise ProblemError(
            "crm-unavailable", detail="Nothing is shown that cannot be written into the access log."
        ) from None
    response = JSONResponse(payloads_as_json(shown))
    if session is not None and (renewed := parts.sessions.renewed(session)) is not None:
        set_cookie(parts, response, renewed)
    return response


def require_known_page(request: Request, origins: tuple[str, ...]) -> None:
    """Refuse the request of a page that is not listed; whoever is no page names none.

    Raises:
        ProblemError: `not-allowed`.
    """
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "none")
    strange = origin is None and site not in {"none", "same-origin"}
    if strange or (origin is not None and origin not in origins):
        raise ProblemError("not-allowed", detail="This page is not among HANDRAIL_CODEC_ORIGINS.")


def _namespace(request: Request, default: str) -> str:
    """Return the namespace that path and header name; none where they differ."""
    named = {
        name
        for name in (request.path_params.get("namespace"), request.headers.get("x-namespace"))
        if name
    } or {default}
    return named.pop() if len(named) == 1 else ""
