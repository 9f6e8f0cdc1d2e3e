"""Tests run where there is no disk in memory, no shared semaphore and no pseudo-terminal."""

import errno
import multiprocessing.context
import os
import signal
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from tests.machine import heeding_hangups, in_memory, processes, pseudo_terminal, room


def no_such_thing(*_):
    raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))


def test_a_disk_in_memory_is_used_where_it_can_be_written(tmp_path):
    assert in_memory(tmp_path) == tmp_path
    with room(memory=tmp_path) as folder:
        assert folder.parent == tmp_path
    assert not folder.exists()


@pytest.mark.parametrize("lack", ["nothing there", "a file"])
def test_without_a_disk_in_memory_the_usual_place_for_temporary_files_is_taken(tmp_path, lack):
    memory = tmp_path / "shm"
    if lack == "a file":
        memory.touch()
    assert in_memory(memory) is None
    with room(memory=memory) as folder:
        assert folder.parent == type(folder)(tempfile.gettempdir())


def test_a_disk_that_is_mounted_read_only_is_none(tmp_path, monkeypatch):
    def refuses(**_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuses)
    assert in_memory(tmp_path) is None


def test_work_is_shared_by_processes():
    with processes(1) as pool:
        if type(pool) is ThreadPoolExecutor:
            pytest.skip("this machine has no semaphores to share")
        assert type(pool) is ProcessPoolExecutor
        assert pool.submit(os.getpid).result() != os.getpid()


def test_without_shared_semaphores_work_is_done_here(monkeypatch):
    monkeypatch.setattr(multiprocessing.context.BaseContext, "Lock", no_such_thing)
    with processes(4) as pool:
        assert pool.submit(os.getpid).result() == os.getpid()


def test_without_a_pseudo_terminal_a_test_is_skipped_and_says_why(monkeypatch):
    monkeypatch.setattr(os, "openpty", no_such_thing)
    with pytest.raises(pytest.skip.Exception, match="NOT TRIED: no pseudo-terminal"):
        pseudo_terminal()


def test_a_process_begun_here_can_be_hung_up_though_nohup_runs_the_tests():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heeding_hangups():
            process = subprocess.Popen(["sleep", "60"])
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        with process:
            process.send_signal(signal.SIGHUP)
            assert process.wait(timeout=30) == -signal.SIGHUP
    finally:
        signal.signal(signal.SIGHUP, before)
