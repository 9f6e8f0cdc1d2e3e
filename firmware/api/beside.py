"""What is served while a terminal trades: figures for Prometheus, and the tills' API."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.core import log
from firmware.core.clock import SystemClock
from firmware.core.config import Config
from firmware.terminal.loop import Inbox
from firmware.terminal.process import Companion
from firmware.terminal.settings import Settings
from firmware.terminal.terminal import Terminal

if TYPE_CHECKING:
    from firmware.api.server import MoreRoutes

_LOG = logging.getLogger(__name__)


def beside(settings: Settings, data: Path, shop: Callable[[], MoreRoutes]) -> Companion:
    """Serves what the settings say; `shop` gives the routes beside the API, where there is one."""

    @contextlib.contextmanager
    def serve(terminal: Terminal, inbox: Inbox) -> Iterator[None]:
        with _metrics(settings.config, data), _api(terminal, settings.config, data, inbox, shop):
            yield

    return serve


@contextlib.contextmanager
def _metrics(config: Config, data: Path) -> Iterator[None]:
    """Within, Prometheus may read the figures, if the configuration says so."""
    served = None
    if config.metrics.port:
        from firmware.ops.metrics import serve  # noqa: PLC0415 - its library slows the start

        served = serve(data, config.merchant.terminal, config.metrics.port)
    try:
        yield
    finally:
        if served is not None:
            served.close()


@contextlib.contextmanager
def _api(
    terminal: Terminal,
    config: Config,
    data: Path,
    inbox: Inbox,
    shop: Callable[[], MoreRoutes],
) -> Iterator[None]:
    """Within, tills may ask, if the configuration says so. Without it the terminal trades, too."""
    server = None
    if config.api.port:
        from firmware.api.server import ApiServer  # noqa: PLC0415 - its libraries slow the start
        from firmware.api.views import Door  # noqa: PLC0415

        signer = lambda: terminal.data.signer  # noqa: E731 - said where it is used
        door = Door(data, config, inbox.post, terminal.board, signer, SystemClock().now)
        try:
            server = ApiServer(door, beside=shop())
        except OSError as error:
            place = f"{config.api.listen}:{config.api.port}"
            _LOG.error("no API", extra=log.fields(place=place, reason=error.strerror))
        else:
            server.start()
            _LOG.info("API", extra=log.fields(url=server.url))
    try:
        yield
    finally:
        if server is not None:
            server.close()
