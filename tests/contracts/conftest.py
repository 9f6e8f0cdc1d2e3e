"""Contracts run on models always, and on real parts under `-m hardware`."""

import pytest

from hw.ports import DeviceFault

ON_MODEL_AND_PART = ["model", pytest.param("part", marks=pytest.mark.hardware)]


@pytest.fixture
def real_part(request):
    """Runs a function that reaches for a real part; skips with the reason where there is none."""

    def reach(build):
        if "hardware" not in request.config.option.markexpr:
            pytest.skip("real parts are tried under -m hardware")
        try:
            return build()
        except DeviceFault as fault:
            pytest.skip(f"no {fault}")

    return reach
