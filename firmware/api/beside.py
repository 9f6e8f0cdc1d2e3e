"""Starts the servers beside a terminal that trades: figures for Prometheus, the tills' API."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.core import log
from firmware.core.clock import SystemClock
from firmware.terminal.loop import Inbox
from firmware.terminal.process import Companion
from firmware.terminal.settings import Settings
from firmware.terminal.terminal import Terminal

if TYPE_CHECKING:
    from firmware.api.server import MoreRoutes
    from firmware.api.views import Door

_LOG = logging.getLogger(__name__)


def beside(settings: Settings, data: Path, shop: Callable[[], MoreRoutes]) -> Companion:
    """Serves what the settings say; `shop` gives the routes beside the API, where there is one."""

    @contextlib.contextmanager
    def serve(terminal: Terminal, inbox: Inbox) -> Iterator[None]:
        config = settings.config
        with contextlib.ExitStack() as served:
            if config.metrics.port:
                from firmware.ops import metrics  # noqa: PLC0415 - its library slows the start

                figures = metrics.serve(data, config.merchant.terminal, config.metrics.port)
                if figures is not None:
                    served.callback(figures.close)
            if config.api.port:
                from firmware.api.views import Door  # noqa: PLC0415 - its libraries, too

                signer = lambda: terminal.data.signer  # noqa: E731 - said where it is used
                door = Door(data, config, inbox.post, terminal.board, signer, SystemClock().now)
                _serve_tills(door, shop, served)
            yield

    return serve


def _serve_tills(door: Door, shop: Callable[[], MoreRoutes], served: contextlib.ExitStack) -> None:
    """Let tills ask until `served` ends. Without the API the terminal trades, too."""
    from firmware.api.server import ApiServer  # noqa: PLC0415 - its libraries slow the start

    api = door.config.api
    try:
        server = ApiServer(door, beside=shop())
    except OSError as error:
        place = f"{api.listen}:{api.port}"
        _LOG.error("no API", extra=log.fields(place=place, reason=error.strerror))
        return
    served.callback(server.close)
    server.start()
    _LOG.info("API", extra=log.fields(url=server.url))
