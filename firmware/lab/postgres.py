"""Debian's PostgreSQL in a folder of its own: initdb and pg_ctl, on a port of the loopback.

It refuses to run as root, so root runs it as an unprivileged user. Its commits are durable: the
settings that matter are those of a new cluster.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

DEBIAN = Path("/usr/lib/postgresql")
USER = "pos"
_SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 120
shared_buffers = 32MB
wal_level = replica
max_wal_senders = 4
hot_standby = on
"""


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, the newest there is; None where there is none."""
    found = [path.parent for path in DEBIAN.glob("*/bin/pg_ctl")]
    if (on_path := shutil.which("pg_ctl")) is not None:
        found.append(Path(on_path).resolve().parent)
    return max(found, key=lambda path: int("0" + re.sub(r"\D", "", str(path))), default=None)


def free_port() -> int:
    """A port of the loopback that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Cluster:
    """A server's folder and port; `start` and `stop` run it."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder, self._bin = folder, bin_folder
        self.data = folder / "data"
        self.port = free_port()

    def make(self) -> None:
        """Make the folder, which the user who runs it must own. Raises CalledProcessError."""
        self._run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C")
        self.set(_SETTINGS.format(port=self.port))

    def copy_of(self, primary: Cluster, name: str) -> None:
        """Become a standby of `primary`, under `name`."""
        self._run(
            "pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast",
            "-d", f"host=127.0.0.1 port={primary.port} user={USER} application_name={name}",
        )  # fmt: skip
        self.set(f"port = {self.port}\n")

    def set(self, settings: str) -> None:
        """Add lines to its configuration, for the next start."""
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.ctl("start", "-w", "-l", self.folder / "log")

    def stop(self, mode: str = "fast") -> None:
        """Stop it, if it runs."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.ctl("stop", "-m", mode)

    def ctl(self, *words: object) -> None:
        """Hand words to pg_ctl. Raises CalledProcessError; the folder has its output."""
        self._run("pg_ctl", "-D", self.data, *words)

    def pid(self) -> int:
        """The server's process."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def url(self, database: str = "postgres") -> str:
        """Its address for libpq."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def connect(self) -> Any:
        """A connection of its superuser, each statement by itself."""
        import psycopg  # noqa: PLC0415 - an extra

        return psycopg.connect(self.url(), autocommit=True)

    def database(self, name: str) -> str:
        """The URL of a user with a schema of that name: quicker to make than a database."""
        import psycopg  # noqa: PLC0415 - an extra

        name = "t" + re.sub(r"\W", "_", name.lower())[-60:]
        url = self.url().replace(f"{USER}@", f"{name}@")
        with psycopg.connect(self.url()) as db:
            if db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone():
                return url
            db.execute(
                f'CREATE ROLE "{name}" LOGIN; CREATE SCHEMA "{name}" AUTHORIZATION "{name}";'
                f'ALTER ROLE "{name}" SET search_path = "{name}"'.encode()
            )
        return url

    def _run(self, program: str, *words: object) -> None:
        command = [str(self._bin / program), *map(str, words)]
        nobody = unprivileged()
        with (self.folder / "commands").open("a", encoding="utf-8") as file:
            subprocess.run(  # noqa: S603 - programs of the system, our own words
                command,
                check=True,
                stdout=file,
                stderr=file,
                cwd=self.folder,
                user=nobody and nobody.pw_uid,
                group=nobody and nobody.pw_gid,
                extra_groups=[] if nobody else None,
            )


def unprivileged() -> pwd.struct_passwd | None:
    """Whom root runs the server as; None for anybody else, who runs it himself."""
    return pwd.getpwnam("nobody") if os.getuid() == 0 else None
