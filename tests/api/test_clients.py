"""The clients that others begin from pay, and are not put off by a power cut or a busy terminal."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.http import PAY, Till

EXAMPLES = Path(__file__).parents[2] / "firmware" / "api" / "examples"
CLIENTS = {
    "python": [sys.executable, str(EXAMPLES / "pay.py")],
    "javascript": ["node", str(EXAMPLES / "pay.mjs")],
}


def begin(client: str, till: Till, name: str) -> subprocess.Popen[str]:
    if client == "javascript" and shutil.which("node") is None:
        pytest.skip("no node here")
    command = [*CLIENTS[client], till.target.url, till.target.token, name, "12850"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    process.stderr.readline()  # its first answer: a state, or why it asks again
    return process


def said(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=60)
    return out.strip()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_pays(till: Till, client: str) -> None:
    process = begin(client, till, "a")
    till.play(PAY + 'expect screen "交易成功"')
    assert said(process) == "approved"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_asks_again_after_a_power_cut(till: Till, client: str) -> None:
    process = begin(client, till, "a")
    till.play("press ENTER\npower cut\npower on\nwait 1s")
    assert said(process) == "cancelled"


def test_headless_says_where_it_is_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "firmware", "sim", "--headless", "--api", "--virtual"]
    with subprocess.Popen(
        [*command, "--data", str(tmp_path / "kept")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.terminate()
        assert process.wait(30) == 0
    assert set(ready) == {"api", "token", "sim", "data"}
    assert ready["api"].startswith("http://127.0.0.1:")
    assert ready["sim"].endswith("/sim/v1")
