"""Runs a terminal until it is told to end: what is around the loop.

Missing hardware is shown on the screen and in the log, and waited for; a data directory that
cannot be used is refused, on the display as well.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from firmware import __version__
from firmware.acquirer.engine import BooksError
from firmware.core import log
from firmware.core.clock import SystemClock
from firmware.core.config import ConfigError
from firmware.core.exits import BUG, DONE, FAILED, Refused
from firmware.iso8583.keys import KeyFileError
from firmware.journal.faults import JournalFault
from firmware.journal.keys import keep_card_key_at
from firmware.terminal.assembly import Assembly
from firmware.terminal.devices import Parts, real_parts
from firmware.terminal.loop import Ending, Inbox, Loop
from firmware.terminal.refusal import show_refusal
from firmware.terminal.service_manager import ServiceManager
from firmware.terminal.settings import Settings, warnings_of
from firmware.terminal.terminal import Terminal
from firmware.ui.render import Frame
from hw.ports import Clock

_LOG = logging.getLogger(__name__)
Companion = Callable[[Terminal, Inbox], contextlib.AbstractContextManager[None]]


def run_terminal(
    settings: Settings,
    data: Path,
    parts: Parts | None = None,
    *,
    on_frame: Callable[[Frame], None] = lambda _frame: None,
    beside: Companion = lambda _terminal, _inbox: contextlib.nullcontext(),
) -> int:
    """Run a terminal on `parts`, on the configured ones by default. Blocks; main thread only.

    `on_frame` gets each frame on the display; `beside` is entered while it trades, with the
    terminal and the inbox that tills post to. Gives 0, or 70 after a bug. Raises Refused when it
    is not to be begun.
    """
    clock, inbox = SystemClock(), Inbox()
    with _signals(inbox):
        data = data.absolute()
        # lgpio leaves a file where it is imported, unless told where; on the data's disk it would
        # stay open while that disk is to be unmounted
        os.environ.setdefault("LG_WD", tempfile.gettempdir())
        parts = parts or real_parts(settings.config, data, clock)
        assembly = _assembled(settings, data, parts, clock, inbox, on_frame=on_frame)
        runner = assembly.terminal.runner
        manager = ServiceManager.of(os.environ)
        trading = parts.signals.trading if parts.signals else lambda _trading: None
        ending = Ending(clock, lambda: inbox.asked)
        loop = Loop(
            runner,
            inbox.take,
            clock,
            assembly.threads,
            manager,
            trading=trading,
            ending=ending,
        )
        for warning in warnings_of(settings):
            _LOG.warning("configuration", extra=log.fields(warning=warning))
        started = log.fields(
            version=__version__,
            terminal=settings.config.merchant.terminal,
            config=settings.source,
            data=data,
            host=settings.config.host.kind,
            printer=settings.config.printer.kind,
        )
        _LOG.info("started", extra=started)
        try:
            with beside(assembly.terminal, inbox):
                loop.run()
        except Exception:  # noqa: BLE001 - the service manager starts it anew, the journal recovers
            _LOG.critical("a bug ends the terminal; it is to be started again", exc_info=True)
            return BUG
        finally:
            ending.begin()
            assembly.close(lambda: ending.left_ms)
    _LOG.info("ended")
    return DONE


def _assembled(
    settings: Settings,
    data: Path,
    parts: Parts,
    clock: Clock,
    inbox: Inbox,
    *,
    on_frame: Callable[[Frame], None],
) -> Assembly:
    """The terminal. Where it must not start, the display says why and Refused is raised."""
    try:
        if settings.card_key is not None:
            keep_card_key_at(settings.card_key, data)
        return Assembly(
            settings.config,
            data,
            parts,
            clock,
            inbox.post,
            accounts=settings.accounts(),
            ca_keys=settings.ca_keys(),
            revoked=settings.revoked(),
            host_tls=settings.host_tls(),
            messages=settings.messages(),
            files=settings.named_files,
            on_frame=on_frame,
        )
    except ConfigError as error:
        show_refusal(settings.config, error, parts.display)
        raise Refused(*(f"{settings.source}: {each}" for each in error.mistakes)) from None
    except (JournalFault, KeyFileError, BooksError, OSError) as error:
        show_refusal(settings.config, error, parts.display)
        raise Refused(f"{data}: {error}", code=FAILED) from error


@contextlib.contextmanager
def _signals(inbox: Inbox) -> Iterator[None]:
    """Within, SIGTERM, SIGINT and SIGHUP ask the loop to end; a second one to end at once."""
    wanted = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # not under nohup
        wanted.append(signal.SIGHUP)
    before = [signal.signal(number, lambda _number, _frame: inbox.stop()) for number in wanted]
    try:
        yield
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)
