"""From installed parts to a sale: what README gives to paste, to copy and to press does it."""

import re
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from msgspec.structs import replace

import hw
from firmware.acquirer.accounts import load_accounts
from firmware.core.money import CURRENCIES
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.playing import play
from firmware.ops.install import plan
from firmware.terminal.settings import checked, warnings_of

EXAMPLE = Path(plan.__file__).with_name("accounts.toml")
README = Path(hw.__file__).with_name("README.md").read_text("utf-8")
WAY = README.partition("## From a bag of parts to a sale")[2].partition("\n## ")[0]


@pytest.fixture
def blocks():
    """The fenced blocks of the way, in order."""
    fenced = re.findall(r"^( *)```\w*\n(.*?)^\1```$", WAY, re.DOTALL | re.MULTILINE)
    return [dedent(text) for _, text in fenced]


@pytest.fixture
def accounts(tmp_path):
    """The example, as the README has it copied."""
    path = tmp_path / EXAMPLE.name
    shutil.copy(EXAMPLE, path)
    path.chmod(0o600)
    return path


def test_the_example_of_accounts_holds_cards_of_the_tray_as_their_issuers_do(accounts):
    listed = load_accounts(accounts, CURRENCIES["CNY"])
    # the tray's count in any currency, the file's in the settings' own
    issued = {one.name: replace(one, currency="156") for one in tray_books()}
    assert listed
    assert listed == [issued[account.name] for account in listed]
    assert re.findall(r"pos card serve (\S+)`", WAY) == [listed[0].name]


def test_the_settings_to_paste_fit_those_that_are_installed(accounts, blocks):
    (pasted,) = [block for block in blocks if "[host]" in block]
    path = accounts.with_name("terminal.toml")
    path.write_text(plan.filled("terminal.toml", {"DATA": plan.DATA}) + pasted, "utf-8")
    settings = checked(path)
    assert warnings_of(settings) == []
    assert settings.accounts() == load_accounts(accounts, CURRENCIES["CNY"])


def test_the_accounts_are_put_beside_the_settings_for_the_terminal_alone(blocks):
    (copied,) = [block for block in blocks if "accounts.toml" in block and "sudo" in block]
    user, folder = plan.USER, Path(plan.CONFIG).parent
    source = EXAMPLE.relative_to(EXAMPLE.parents[3])
    assert f"sudo install -o {user} -g {user} -m 600 {source} {folder}/\n" in copied


def test_the_keys_to_press_lead_to_a_sale(blocks, tmp_path):
    (keys,) = [block for block in blocks if "press" in block]
    story = tmp_path / "first-sale.pos"
    story.write_text(keys, encoding="utf-8")
    play(story)
    assert 'expect screen "Approved"' in keys
