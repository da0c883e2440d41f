"""`handrail api` and `handrail worker`: the two processes that run the desk."""

import asyncio

from api.app import manner_of, parts_from
from api.server import serve
from runtime.logging import configure_logging
from runtime.places import locate
from runtime.settings import Settings, load_settings
from workers.main import run_worker


def api() -> None:
    """Answer HTTP requests until stopped (Ctrl-C, or SIGTERM)."""
    settings = _begin()
    manner = manner_of(settings)
    asyncio.run(serve(lambda: parts_from(settings), settings.api_host, settings.api_port, manner))


def worker() -> None:
    """Run workflows and activities until stopped (Ctrl-C, or SIGTERM)."""
    settings = _begin()
    asyncio.run(run_worker(settings, locate(settings.state_dir).address))


def _begin() -> Settings:
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    return settings
