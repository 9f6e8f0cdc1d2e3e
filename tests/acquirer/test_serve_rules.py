"""Every rule of the rules file and by command, at a server that runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from firmware.acquirer.rules import (
    DEEDS,
    RequestSeen,
    Rule,
    RuleBook,
    RulesError,
    as_toml,
    rules_in,
)
from firmware.cli import acquirer
from firmware.core.exits import Parser
from firmware.iso8583.messages import NoAnswer
from tests.acquirer.serving import DEBIT, ROOT, LineTerminal, Server, add_terminal, received, said

EXAMPLES = ROOT / "firmware/acquirer/examples"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("serving") / "acquirer"
    master = add_terminal(data)
    made = Server(data, "--test-amounts")
    made.put(DEBIT)
    made.terminal = LineTerminal(master)  # type: ignore[attr-defined]
    made.terminal.sign_on(made)  # type: ignore[attr-defined]
    yield made
    made.kill()


@pytest.fixture
def till(server: Server) -> Iterator[LineTerminal]:
    yield server.terminal  # type: ignore[attr-defined]
    (server.data / "rules.toml").write_text("")


Does = Callable[..., None]


@pytest.fixture
def does(server: Server) -> Does:
    """Writes a file with one rule."""

    def write(deed: str, **when: Any) -> None:
        (server.data / "rules.toml").write_text(as_toml([Rule(does=deed, **when)]))  # type: ignore[arg-type]

    return write


def asked(server: Server, till: LineTerminal, minor: int = 100, wait_s: float = 0.5) -> Any:
    """A sale's answer; what came instead of one."""
    sale = till.sale(minor)
    try:
        got = server.raw(till.frame(sale), wait_s=wait_s)
    except (TimeoutError, ConnectionError):
        return None
    return till.read(got, sale) if got else None


def spent(server: Server) -> int:
    return sum(server.spent().values())


def no_answer_comes(server: Server, till: LineTerminal, does: Does, booked: int = 100) -> None:
    before = spent(server)
    does(type="0200", times=1)
    heard = asked(server, till)
    assert heard is None or isinstance(heard.answer, NoAnswer)
    assert spent(server) == before + booked
    assert asked(server, till, wait_s=10).answer.response_code == "00"


def no_answer_can_be_believed(server: Server, till: LineTerminal, does: Does) -> None:
    before = spent(server)
    does(times=1)
    assert isinstance(asked(server, till, wait_s=10).answer, NoAnswer)
    assert spent(server) == before + 100


def the_answer_is_late(server: Server, till: LineTerminal, does: Does) -> None:
    before = spent(server)
    does(ms=1_000, times=1)
    sale = till.sale(100)
    with server.connect(0.2) as line:
        line.sendall(till.frame(sale))
        with pytest.raises(TimeoutError):
            line.recv(1)
        assert spent(server) == before + 100
        line.settimeout(10)
        assert till.read(received(line), sale).answer.is_approval  # type: ignore[union-attr]


def the_answer_comes_twice(server: Server, till: LineTerminal, does: Does) -> None:
    does(times=1)
    with server.connect() as line:
        line.sendall(till.frame(till.sale(100)))
        both = b""
        while len(both) < 2 or len(both) < 2 * (2 + int.from_bytes(both[:2], "big")):
            both += line.recv(4096)
    assert both[: len(both) // 2] == both[len(both) // 2 :]


def the_code_books_nothing(server: Server, till: LineTerminal, does: Does) -> None:
    before = spent(server)
    does(code="91", amount=5_000)
    assert asked(server, till, 5_000, wait_s=10).answer.response_code == "91"
    assert spent(server) == before
    assert asked(server, till, 5_100, wait_s=10).answer.response_code == "00"


def a_sign_on_is_demanded(server: Server, till: LineTerminal, does: Does) -> None:
    does(amount_ends="300")
    heard = asked(server, till, 1_300, wait_s=10)
    assert (heard.answer.response_code, heard.sign_on) == ("00", True)
    assert asked(server, till, 1_400, wait_s=10).sign_on is False


def the_settlement_does_not_balance(server: Server, till: LineTerminal, does: Does) -> None:
    number = "10000007"
    other = LineTerminal(add_terminal(server.data, number=number), number)
    other.sign_on(server)
    does(type="0500", terminal=number)
    assert other.ask(server, other.settlement()).balanced is False
    does(type="0500", terminal=till.number)
    assert other.ask(server, other.settlement()).balanced is True


TRIALS: dict[str, Callable[[Server, LineTerminal, Does], None]] = {
    "delay": the_answer_is_late,
    "silence": no_answer_comes,
    "lost": partial(no_answer_comes, booked=0),
    "close": no_answer_comes,
    "half": no_answer_comes,
    "twice": the_answer_comes_twice,
    "garbage": no_answer_can_be_believed,
    "wrong-mac": no_answer_can_be_believed,
    "code": the_code_books_nothing,
    "sign-on-again": a_sign_on_is_demanded,
    "unbalanced": the_settlement_does_not_balance,
}


@pytest.mark.parametrize("deed", DEEDS)
def test_each_deed(server: Server, till: LineTerminal, does: Does, deed: str) -> None:
    TRIALS[deed](server, till, partial(does, deed))


def test_test_amounts_say_the_code(server: Server, till: LineTerminal) -> None:
    codes = [
        asked(server, till, minor, wait_s=10).answer.response_code for minor in (151, 105, 100)
    ]
    assert codes == ["51", "05", "00"]
    assert asked(server, till, 168) is None  # x.68 stands, and is never answered


def test_rules_by_command_while_it_runs(server: Server, till: LineTerminal) -> None:
    def rule(*words: object) -> str:
        return said("rule", *words, "--data", server.data).strip()

    first = rule("add", "code", "--code", "61", "--type", "0200", "--times", 1)
    assert asked(server, till, wait_s=10).answer.response_code == "61"
    second = rule("add", "code", "--code", "62", "--skip", 1, "--times", 1)
    codes = [asked(server, till, wait_s=10).answer.response_code for _ in range(3)]
    assert codes == ["00", "62", "00"]  # the first is used up, and stays so
    assert f'name = "{first}"' in rule("list")
    rule("remove", first)
    assert f'name = "{second}"' in rule("list")
    rule("clear")
    assert rule("list") == ""
    assert asked(server, till, wait_s=10).answer.response_code == "00"


def test_a_mistake_in_the_file_leaves_the_rules_before(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[rule]]\ndoes = "silence"\n')
    book, sale = RuleBook(path), RequestSeen("0200", "10000001", 1, 100)
    assert book.rule_for(sale) == Rule(does="silence")
    for mistake in ("[[rule]]\ndoes = 'nothing'", "[[", "[[rule]]\ndoes = 'delay'", "\xff"):
        path.write_bytes(mistake.encode("latin-1"))
        assert book.rule_for(sale) == Rule(does="silence"), mistake
    path.unlink()
    assert book.rule_for(sale) is None


@pytest.mark.parametrize(
    "rule",
    [
        Rule(does="delay", ms=5),
        Rule(does="code", code="A0", type="0200", terminal="10000001", stan=3, amount=0),
        Rule(does="lost", amount_ends="68", skip=2, times=0, name="x-1"),
    ],
)
def test_what_is_written_is_read_again(tmp_path: Path, rule: Rule) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(as_toml([rule, Rule(does="half")]))
    assert rules_in(path) == (rule, Rule(does="half"))


def test_two_rules_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(as_toml([Rule(does="half", name="a")] * 2))
    with pytest.raises(RulesError, match="two rules have one name"):
        rules_in(path)


def test_the_example_is_read() -> None:
    found = rules_in(EXAMPLES / "rules.toml")
    assert len(found) == len({rule.does for rule in found}) == 8


def test_every_command_of_the_page_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    page = (EXAMPLES.parent / "README.md").read_text("utf-8")
    lines = re.findall(r"^    firmware/pos (acquirer [^#\n>]*)", page, re.MULTILINE)
    assert len(lines) > 8
    for line in lines:
        parser = Parser(prog="pos")
        acquirer.add_arguments(parser)
        assert parser.parse_args(line.split()[1:]).does in line


def test_every_deed_is_told() -> None:
    page = (EXAMPLES.parent / "README.md").read_text("utf-8")
    assert [deed for deed in DEEDS if f"`{deed}`" not in page] == []
