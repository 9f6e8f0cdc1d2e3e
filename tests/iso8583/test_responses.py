"""Field 39: the product names its codes, and has words for each that it names."""

from __future__ import annotations

import ast

from firmware.iso8583 import responses
from tests.source import modules, parsed

SAY_A_CODE = {"Answered", "Decision", "Ruling", "Unacceptable"}  # first of all


def test_every_named_code_has_words_and_one_name():
    named = [value for value in vars(responses).values() if isinstance(value, str)]
    codes = [value for value in named if len(value) == 2]
    assert len(codes) == len(set(codes))
    assert set(codes) <= set(responses.RESPONSES)


def test_no_answer_is_made_with_a_bare_code():
    bare = [
        f"{module}:{node.lineno}"
        for module in modules("firmware")
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in SAY_A_CODE
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
    assert bare == []
