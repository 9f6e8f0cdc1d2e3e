"""Keeps what stands in memory, cards, PINs and keys, out of cores and from other processes."""

from __future__ import annotations

import contextlib
import resource

PR_SET_DUMPABLE = 4  # see prctl(2)


def forbid() -> None:
    """Let this process leave no core, neither in a file nor through a pipe.

    A size limit does not stop a core that goes to a pipe (see core(5)): on Linux the process is
    made undumpable, which keeps debuggers of the same user away as well. Never raises.
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(ImportError, OSError, AttributeError):  # another system has none
        import ctypes  # noqa: PLC0415 - a system may lack it

        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
