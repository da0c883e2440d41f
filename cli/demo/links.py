"""What the demo leaves behind: links to look at, and how to stop."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from cli.demo.door import INQUIRIES
from cli.demo.house import House
from cli.demo.people import REPRESENTATIVES
from cli.views import SOON, VIEWS
from runtime.temporal import ui_link, ui_list_link

_NAMESPACE = "default"
_SHOWN = ("Open cases", "Breaching within two hours", "Escalated, not acknowledged")


def farewell(house: House, example: str) -> Iterator[str]:
    """Yield the lines for the person who goes on from here."""
    ui, key = house.server.ui_url, house.keys[REPRESENTATIVES[0].principal].get_secret_value()
    yield "In the Temporal UI:"
    for view in (view for view in VIEWS if view.name in _SHOWN):
        query = view.filled(soon=datetime.now(UTC) + SOON)
        yield f"  {view.name}: {ui_list_link(ui, _NAMESPACE, query)}"
    yield f"  One case: {ui_link(ui, _NAMESPACE, example)}"
    yield "  What people wrote is ciphertext there. To read it, as the team leader:"
    yield f"  1. log in at {house.codec_url}/login with the key in {house.login_key}"
    yield "  2. in the UI, once: Codec Server button at the upper right, use my browser setting,"
    yield f"     endpoint {house.codec_url}, include cross-origin credentials, apply"
    yield f"  More lists: HANDRAIL_STATE_DIR={house.state_dir} {sys.argv[0]} views"
    yield "Over HTTP, as a representative:"
    yield f"  curl -H 'Authorization: Bearer {key}' '{house.door.url}{INQUIRIES}?open=true&limit=5'"
    yield f"  the API's description: {house.door.url}/openapi.json"
    yield f"State and logs (demo, worker, api, codec, temporal .log): {house.state_dir}"
    yield "Stop with Ctrl-C. The cases stay: the next start finds them."
    yield f"To start afresh: stop, delete {house.state_dir}, and start again."
