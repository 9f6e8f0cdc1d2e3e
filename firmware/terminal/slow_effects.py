"""Effects that take time: a worker of its own performs each, and its answer comes as an event."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from firmware.core.log import fields
from firmware.emv.contact.dialogue import CardFailure
from firmware.flows import effects
from firmware.iso8583.messages import NoAnswer, NoAnswerReason
from firmware.payments import effects as payment_effects
from firmware.terminal.world import KeepsKeys, World
from hw.ports import CardGone, CardMute, DeviceFault

_LOG = logging.getLogger(__name__)
ForHost = payment_effects.Authorise | effects.LoadMasterKey
EXCHANGE_TIMEOUT_MS = 10_000  # far above a card's work-waiting time


class Pending(Struct, frozen=True):
    """The answer that the flow waits for; `at_deadline` gives one when none comes in time."""

    effect: payment_effects.Effect[Any]
    deadline_ms: int
    at_deadline: Callable[[int], Any]
    token: int = 0  # of a worker's job; 0 is none
    convert: Callable[[Any], Any] = lambda result: result


class SlowEffects:
    """Hands jobs to the workers of `world`, each under a token of its own; nothing blocks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last_token = 0

    def ask_card(
        self, effect: effects.PowerOn | effects.Exchange | effects.PowerOff, now_ms: int
    ) -> Pending:
        """Let the reader do what `effect` says."""
        reader = self._world.reader
        match effect:
            case effects.PowerOn():
                job: Callable[[], object] = reader.power_on
            case effects.Exchange(command=command):
                job = lambda: reader.transmit(command)  # noqa: E731 - said where it is used
            case effects.PowerOff():
                job = reader.power_off
        token = self._new_token()
        self._world.reader_worker.submit(token, job)
        mute = CardFailure.MUTE
        return Pending(effect, now_ms + EXCHANGE_TIMEOUT_MS, lambda _: mute, token, _card_answer)

    def ask_host(self, effect: ForHost, now_ms: int) -> Pending:
        """Send the request to the acquirer, and wait as long as settings say; or keep its key."""
        if isinstance(effect, effects.LoadMasterKey):
            return self._keep_key(effect, now_ms)
        world, request = self._world, effect.request
        token, timeout_ms = self._new_token(), world.host_timeout_ms
        world.host_worker.submit(token, lambda: world.host.ask(request, timeout_ms))
        # the client keeps the time-out; this one only bounds a client that is stuck itself
        return Pending(effect, now_ms + 2 * timeout_ms, _host_is_stuck, token, _host_answer)

    def _keep_key(self, effect: effects.LoadMasterKey, now_ms: int) -> Pending:
        """Have the line's worker, which alone uses the keys, keep another master key."""
        world, token = self._world, self._new_token()

        def load() -> bool:
            assert isinstance(world.host, KeepsKeys), "an acquirer's line has keys"
            try:
                world.host.load_master(effect.master)
            except OSError as error:
                _LOG.error("the master key was not kept", extra=fields(why=error.strerror))
                return False
            return True

        world.host_worker.submit(token, load)
        return Pending(effect, now_ms + 2 * world.host_timeout_ms, lambda _: False, token)

    def _new_token(self) -> int:
        self._last_token += 1
        return self._last_token


def _card_answer(result: object) -> object:
    """A reader's exceptions as the values that flows know. A bug is raised."""
    match result:
        case CardGone():
            return CardFailure.GONE
        case CardMute():
            return CardFailure.MUTE
        case DeviceFault():
            return CardFailure.READER_LOST
        case Exception():
            raise result
    return result


def _host_answer(result: object) -> object:
    if isinstance(result, Exception):
        raise result
    return result


def _host_is_stuck(_now_ms: int) -> NoAnswer:
    return NoAnswer(NoAnswerReason.TIMED_OUT, "the host's worker does not come back")
