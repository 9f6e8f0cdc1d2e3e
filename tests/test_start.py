"""A start imports what the idle screen shows, and collects no garbage meanwhile."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from firmware.core import garbage

LATER = (
    "argon2",
    "cryptography.hazmat.primitives.serialization",
    "firmware.acquirer.answering",
    "firmware.emv.ca_keys",
    "firmware.emv.codes",
    "firmware.emv.tags",
    "firmware.flows.menu",
    "firmware.flows.sale",
    "firmware.iso8583.unionpay",
    "firmware.payments.transact",
    "firmware.receipts.papers",
    "firmware.receipts.transaction",
    "iso8583",
    "psec",
)


@pytest.fixture
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_a_start_leaves_out_what_only_a_key_a_card_or_a_request_needs():
    code = "import sys, json, firmware.terminal.process; print(json.dumps(sorted(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    imported = set(json.loads(said.stdout))
    assert "firmware.flows.idle" in imported
    assert sorted(imported & set(LATER)) == []


@pytest.mark.usefixtures("thresholds")
def test_garbage_waits_for_the_start_and_is_collected_after_it():
    usual = gc.get_threshold()
    garbage.wait_for_the_start()
    assert gc.get_threshold()[0] == garbage.STARTING
    frozen = gc.get_freeze_count()
    garbage.as_usual()
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() > frozen


@pytest.mark.usefixtures("thresholds")
def test_where_no_start_waited_nothing_is_frozen():
    frozen, usual = gc.get_freeze_count(), gc.get_threshold()
    garbage.as_usual()
    assert (gc.get_freeze_count(), gc.get_threshold()) == (frozen, usual)
