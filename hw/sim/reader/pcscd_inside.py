"""Runs in the private namespaces of `hw.sim.reader.pcscd`: starts and stops the daemon, connects.

A program of its own, on the standard library alone: `pcscd_inside.py CONTROL-FD FOLDER PCSCD`.
Orders come over the control socket, one byte each: `S` start the daemon, `K` end it, `0` and `1`
connect to vpcd's slot and pass the connection back. Every order is answered with `+` or with `-`
and the reason. When the other side goes, so does the daemon.
"""

import fcntl
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

VPCD_PORT = 0x8C7B
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
READY = "daemon ready"
SOCKET = "/run/pcscd/pcscd.comm"


def make_private(run: str) -> None:
    """A loopback that is up, and a /run whose pcscd folder is `run`, seen by both sides."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        flags = struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, flags)
    for command in (
        ["mount", "-t", "tmpfs", "tmpfs", "/run"],
        ["mkdir", "/run/pcscd"],
        ["mount", "--bind", run, "/run/pcscd"],
    ):
        subprocess.run(command, check=True)  # noqa: S603 - nobody else's words


def start(pcscd: str, configuration: str) -> subprocess.Popen[str]:
    """Start the daemon and wait until it says that it is ready. Raises OSError."""
    command = [pcscd, "--foreground", "--info", "-c", configuration]
    usage = subprocess.run(  # noqa: S603 - nobody else's words
        [pcscd, "--help"], capture_output=True, text=True, check=False
    )
    if "--disable-polkit" in usage.stdout + usage.stderr:
        command.append("--disable-polkit")  # there is no bus in its /run to ask
    daemon = subprocess.Popen(  # noqa: S603 - nobody else's words
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert daemon.stdout is not None
    said = []
    for line in daemon.stdout:
        said.append(line)
        if READY in line:
            # its log has to be read on, or the pipe fills up and the daemon stops
            threading.Thread(target=daemon.stdout.read, daemon=True).start()
            await_socket()
            return daemon
    daemon.wait()
    raise OSError("pcscd ended at once: " + "".join(said[-2:]).strip())


def await_socket() -> None:
    """It says "ready" before it listens. Raises OSError after five seconds."""
    for attempt in range(500):
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(SOCKET)
            except OSError:
                if attempt == 499:
                    raise
                time.sleep(0.01)
            else:
                return


def end(daemon: subprocess.Popen[str] | None) -> None:
    """End the daemon, if it runs."""
    if daemon is not None:
        daemon.terminate()
        daemon.wait()


def obey(control: socket.socket, folder: Path, pcscd: str) -> None:
    """Take orders until the other side is gone."""
    daemon: subprocess.Popen[str] | None = None
    try:
        while order := control.recv(1):
            try:
                if order == b"S":
                    daemon = start(pcscd, str(folder / "reader.conf.d"))
                elif order == b"K":
                    end(daemon)
                    daemon = None
                else:
                    with socket.create_connection(("127.0.0.1", VPCD_PORT + int(order))) as made:
                        socket.send_fds(control, [b"+"], [made.fileno()])
                    continue
                control.send(b"+")
            except OSError as error:
                control.send(f"-{error}".encode())
    finally:
        end(daemon)


def main() -> None:
    """Make the place private, say so, obey."""
    descriptor, folder, pcscd = sys.argv[1:]
    with socket.socket(fileno=int(descriptor)) as control:
        make_private(str(Path(folder) / "run"))
        control.send(b"+")
        obey(control, Path(folder), pcscd)


if __name__ == "__main__":
    main()
