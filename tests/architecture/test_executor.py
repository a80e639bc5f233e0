"""`work.executor` is for the packages of store and server; capabilities only hand it on to functions of the store."""

import ast
from pathlib import Path

from tests.architecture.tree import texts

CAPABILITIES = Path("src/xinglin/capabilities")


def misused(text: str) -> list[int]:
    """Lines where ``….executor`` is anything but an argument of a call."""
    tree = ast.parse(text)
    handed_on = {
        id(value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for value in (*node.args, *(keyword.value for keyword in node.keywords))
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "executor" and id(node) not in handed_on
    ]


def test_capabilities_hand_the_executor_on_and_never_use_it() -> None:
    found = [
        f"{path}:{line}"
        for path, text in texts(".py").items()
        if CAPABILITIES in path.parents
        for line in misused(text)
    ]
    assert found == []


def test_a_use_is_found() -> None:
    assert sorted(misused("await work.executor.fetch('SELECT 1')\nkept = work.executor\n")) == [1, 2]
    assert misused("await accounts.by_id(work.executor, id)\nadd(executor=work.executor)\n") == []
