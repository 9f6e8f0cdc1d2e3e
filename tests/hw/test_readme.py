"""What hw/README gives to paste is taken as it stands: the Pi's config.txt."""

from pathlib import Path

from hw import board

README = Path(board.__file__).with_name("README.md").read_text("utf-8")
LINE_MOST = 80  # of older firmware


def block_after(words):
    """The lines of the first fenced block after `words`."""
    return README.partition(words)[2].split("```")[1].strip("\n").splitlines()


def test_comments_of_config_txt_only_begin_a_line():
    # the firmware takes a comment behind a value as a part of the value
    lines = block_after("In `/boot/firmware/config.txt`")
    settings = [line for line in lines if not line.startswith("#")]
    assert len(settings) > 3
    assert [line for line in settings if "#" in line or line != line.strip()] == []
    assert [line for line in lines if len(line) > LINE_MOST or not line.isascii()] == []


def test_a_section_of_config_txt_is_closed_for_what_stands_behind():
    sections = [line for line in block_after("In `/boot/firmware/config.txt`") if line[:1] == "["]
    assert sections[-1:] in ([], ["[all]"])
