"""Contracts run on models always, and on the parts of this terminal under `-m hardware`."""

import os
from pathlib import Path

import pytest

from firmware.core.exits import Refused
from firmware.terminal.settings import settings_of
from tests.contracts.at_the_bench import Person, Terminal


@pytest.fixture(scope="session")
def terminal(tmp_path_factory):
    """This terminal, by the settings that POS_CONFIG names or else by those of every command."""
    named = os.environ.get("POS_CONFIG")
    try:
        settings = settings_of(Path(named) if named else None)
    except Refused as refused:
        pytest.exit(str(refused), refused.code)
    print(f"\n  parts are those of {settings.path or 'no settings: the defaults'}")
    scratch = tmp_path_factory.mktemp("terminal")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LG_WD", str(scratch))  # lgpio's file, else in the working directory
        made = Terminal(settings, scratch)
        yield made
        made.close()


@pytest.fixture
def person(terminal):
    """Whoever is at this terminal."""
    return Person(terminal)
