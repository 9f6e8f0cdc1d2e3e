"""The package names the licence of every library in it, and has its text."""

import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.ops.install.locks import locked

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "requirements.lock"


def gathered(libraries, lock, out):
    return subprocess.run(
        [ROOT / ".ci" / "licences", libraries, lock, out],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.fixture
def documents(tmp_path):
    done = gathered(sysconfig.get_path("purelib"), LOCK, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    return tmp_path


def test_every_locked_library_is_named_and_has_its_text(documents):
    told = (documents / "copyright").read_text("utf-8").lower().replace("_", "-")
    pins = locked(LOCK.read_text("utf-8"))
    assert len(pins) > 30
    for name, version in pins.items():
        assert f"\n{name} {version}: ".replace(".", "-") in told.replace(".", "-")
        (first, *_) = (documents / "licences" / name).iterdir()
        assert len(first.read_text("utf-8")) > 200


@pytest.mark.parametrize(
    ("library", "words"),
    [("pyscard", "LESSER GENERAL PUBLIC LICENSE"), ("pyserial", "Chris Liechti")],
)
def test_the_text_is_the_librarys_own(documents, library, words):
    texts = [path.read_text("utf-8") for path in (documents / "licences" / library).iterdir()]
    assert any(words in text for text in texts)


def test_the_fonts_are_named_too(documents):
    names = {path.name for path in (documents / "licences" / "fonts").iterdir()}
    assert names == {
        path.name
        for folder in ("firmware/ui/fonts", "hw/fonts")
        for pattern in ("LICENSE*", "OFL*")
        for path in (ROOT / folder).glob(pattern)
    }


def test_a_library_without_a_text_is_named_and_nothing_is_written(tmp_path):
    about = tmp_path / "lib" / "shy_library-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shy_library\nVersion: 1.0\n")
    (about / "RECORD").write_text("shy_library-1.0.dist-info/METADATA,,\n")
    (tmp_path / "lock").write_text("shy-library==1.0 --hash=sha256:00\n")
    done = gathered(tmp_path / "lib", tmp_path / "lock", tmp_path / "out")
    assert (done.returncode, done.stderr) == (1, "no licence text of: shy-library\n")
    assert not (tmp_path / "out").exists()
