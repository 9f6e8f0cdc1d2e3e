"""Drives a flow by a script: what it must ask for, in order, and what it is answered."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from firmware.effects import Effect
from firmware.emv.ca_keys import CaKeys
from firmware.flows.desk import Desk
from firmware.masked import Key
from firmware.scenario.stage import STAGE_CONFIG
from firmware.terminal import emv_setup
from firmware.ui.texts import Language

Flow = Coroutine[Effect[Any], Any, Any]


def desk(operator: str = "01") -> Desk:
    """A desk as the stage has it."""
    emv = emv_setup(STAGE_CONFIG, CaKeys())
    return Desk(STAGE_CONFIG, emv, Key(b"k" * 32), Language.ZH, operator)


def run(flow: Flow, *script: tuple[Effect[Any], Any]) -> Any:
    """Play `script` of (expected effect, answer); gives what the flow returns."""
    answer: Any = None
    for expected, following in script:
        asked = flow.send(answer)
        assert asked == expected
        answer = following
    try:
        extra = flow.send(answer)
    except StopIteration as stop:
        return stop.value
    raise AssertionError(f"the script has ended, and the flow asks for {extra}")
