"""Processes of their own for what one process cannot measure: they import the same package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import firmware

ROOT = Path(firmware.__file__).parent.parent


def environment(**more: str) -> dict[str, str]:
    """Our environment with the package's place in it."""
    places = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places), **more}


def told(*command: str, timeout_s: int) -> Any:
    """What a command prints as JSON. Raises subprocess.SubprocessError when it fails."""
    ended = subprocess.run(  # noqa: S603 - our own modules
        command, env=environment(), stdout=subprocess.PIPE, timeout=timeout_s, check=True
    )
    return json.loads(ended.stdout)


@contextmanager
def beside(module: str, *words: str) -> Iterator[None]:
    """Run a module in another process within; its first line says that it is ready.

    Raises RuntimeError when it ends without one.
    """
    command = [sys.executable, "-m", module, *words]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as child:  # noqa: S603
        try:
            assert child.stdout is not None
            if not child.stdout.readline():
                raise RuntimeError(f"{module} ended before it was ready")
            yield
        finally:
            child.terminate()
