"""Each lock file is whole by itself, so that it installs today and when newer versions are out."""

import re
from pathlib import Path

import pytest

from tests.ops.install.locks import holes, installed, locked, wanted

ROOT = Path(__file__).parents[3]
LOCKS = {
    "requirements.lock": wanted(ROOT / "pyproject.toml"),
    "requirements-dev.lock": wanted(ROOT / "pyproject.toml", "dev"),
    "requirements-build.lock": ["setuptools", "swig"],  # what pyscard's build wants
}


def pins(name):
    return locked((ROOT / name).read_text("utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_whole_by_itself(name):
    assert pins(name)
    assert holes(pins(name), LOCKS[name]) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_its_hashes(name):
    text = (ROOT / name).read_text("utf-8")
    for pin in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in pin, pin


def test_what_runs_is_locked_at_the_version_that_is_tested():
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_a_package_that_is_missing_from_a_lock_is_found():
    lacking = pins("requirements-dev.lock")
    del lacking["pluggy"]
    (hole, *_) = holes(lacking, LOCKS["requirements-dev.lock"])
    assert re.fullmatch(r"pytest(-cov)? wants pluggy.*, locked is none", hole)


@pytest.mark.parametrize("wanted", ["nobody-locked-this>=1", "nobody-locked-this"])
def test_what_pyproject_asks_for_and_no_lock_names_is_found(wanted):
    assert holes({}, [wanted]) == [f"the project wants {wanted}, locked is none"]


DECLARED = {
    "plugin": ["measure[colours]>=7.10"],
    "measure": ['paint>=2; extra == "colours"', 'ancient; python_version < "3.0"'],
    "paint": [],
}


def test_a_requirement_of_an_extra_is_found():
    lock = "plugin==1.0 --hash=sha256:00\nmeasure==7.17.3 \\\n    --hash=sha256:00\n"
    assert holes(locked(lock), ["plugin"], DECLARED.__getitem__) == [
        "measure wants paint>=2, locked is none"
    ]
    assert holes(locked(lock + "paint==2.1"), ["plugin"], DECLARED.__getitem__) == []


def test_a_locked_version_that_does_not_fit_is_found():
    lock = "plugin==1.0\nmeasure==7.9\npaint==2.1"
    assert holes(locked(lock), ["plugin"], DECLARED.__getitem__) == [
        "plugin wants measure[colours]>=7.10, locked is 7.9"
    ]


def test_what_is_for_another_python_is_not_asked_for():
    lock = 'plugin==1.0\nmeasure==7.17.3\npaint==2.1\nancient==1 ; python_version < "3.0"'
    assert "ancient" not in locked(lock)
    assert holes(locked(lock), ["plugin"], DECLARED.__getitem__) == []


def test_the_installed_packages_say_what_they_require():
    assert any(each.startswith("coverage[toml]") for each in installed("pytest-cov"))
