"""`pos release`: switches between releases, and goes back from one that is not well."""

from __future__ import annotations

import argparse

from firmware.cli.arguments import add_root_argument
from firmware.core.clock import SystemClock
from firmware.core.exits import DONE, FAILED, Refused
from firmware.ops.install.releases import Releases
from firmware.ops.install.system import InstallFault, System


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_root_argument(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="the releases that are there; * is current")
    actions.add_parser("take", help="make the installed package a release, and switch to it")
    switch = actions.add_parser("switch", help="make a release current, on trial if it runs")
    switch.add_argument("name", metavar="VERSION")
    actions.add_parser("back", help="make the previous release current")
    actions.add_parser("judge", help="end the trial: keep the new release, or go back")


def run(options: argparse.Namespace) -> int:
    """Do what is asked: 0 done, 1 when a trial failed. Raises Refused."""
    releases = Releases(System.at(options.root), print)
    try:
        return _done(options, releases)
    except (InstallFault, OSError) as fault:
        raise Refused(str(fault), code=FAILED) from None


def _done(options: argparse.Namespace, releases: Releases) -> int:
    stamp = SystemClock().now().strftime("%Y%m%dT%H%M%S")
    match options.action:
        case "list":
            _list(releases)
        case "take":
            releases.switch(releases.take(), stamp)
        case "switch":
            releases.switch(options.name, stamp)
        case "back":
            releases.back(stamp)
        case _:
            return DONE if releases.judge() else FAILED
    return DONE


def _list(releases: Releases) -> None:
    trial = releases.trial
    for name in releases.all:
        mark = "*" if name == releases.current else " "
        notes = [
            *(["previous"] if name == releases.previous else []),
            *([f"on trial, after {trial.old}"] if trial and name == trial.new else []),
        ]
        print(f"{mark} {name}  {', '.join(notes)}".rstrip())
