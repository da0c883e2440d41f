"""The demo's API: what `handrail api` runs, without the other commands' imports."""

import asyncio

from api.app import manner_of, parts_from
from api.server import serve
from runtime.logging import configure_logging
from runtime.process import run_and_leave
from runtime.settings import load_settings


def _main() -> int:
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    manner = manner_of(settings)
    asyncio.run(serve(lambda: parts_from(settings), settings.api_host, settings.api_port, manner))
    return 0


if __name__ == "__main__":
    run_and_leave(_main)
