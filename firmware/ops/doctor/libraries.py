"""What to install when a library that drives a part is missing."""

from __future__ import annotations

from firmware.ops.doctor.findings import Finding, bad

# the Pi's own come with Debian, and its drivers name them: "lgpio: No module named 'lgpio'"
_OF_DEBIAN = ("lgpio", "spidev")


def missing(error: ImportError) -> Finding:
    """A library of the environment cannot be imported."""
    advice = "sudo apt install --reinstall pos-terminal; in a checkout delete .venv and start again"
    return bad("libraries", str(error), advice)


def package_for(detail: str) -> str:
    """How to get the library of Debian that a driver's fault says is missing; empty for none."""
    library, _, words = detail.partition(": ")
    if library in _OF_DEBIAN and words.startswith("No module"):
        return f"sudo apt install python3-{library}"
    return ""
