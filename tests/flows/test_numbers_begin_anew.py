"""A terminal and its host settle the last batch there is a number for, and go on with batch 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.iso8583 import rounds
from firmware.journal import rules
from firmware.lab.scenario.stage import STAGE_CONFIG
from tests.flows.test_other_terminal import SALE, SETTLE, play


def test_batch_1_after_the_last_one_is_traded_settled_and_refunded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for numbers in (rules, rounds):
        monkeypatch.setattr(numbers, "BATCH_MAX", 3)
    for _ in range(7):  # twice around, with a restart before each
        play(
            tmp_path,
            STAGE_CONFIG,
            *SALE,
            ("expect totals", "sales=1/2000"),
            *SETTLE,
            ("expect books balanced",),
        )
    play(
        tmp_path,
        STAGE_CONFIG,
        ("press", "MENU", "3", "246810", "ENTER", "1", "ENTER", "ENTER"),
        ("press", "ENTER"),
        ("press", "500", "ENTER"),
        ("press", "ENTER"),
        ("insert", "visa-credit"),
        ("expect screen", "交易成功"),
        ("press", "ENTER"),
        ("remove",),
        ("expect totals", "sales=0/0", "refunds=1/500"),
        ("expect books balanced",),
        *SETTLE,
        ("expect books balanced",),
    )
