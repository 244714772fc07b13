"""Expressions over what was measured, as in ``norm(grad("model.0.weight")) > 0``.

``parse(text)`` checks an expression against the grammar, and its result evaluates over a
``Names``, which knows the values at one moment. Python never runs the text.
"""

import ast
from dataclasses import dataclass

from gradscope.core.evaluation import Evaluator
from gradscope.core.grammar import TENSORS, ExpressionError, Scalar, read, segment
from gradscope.core.lookups import Names, Operand
from gradscope.core.operations import Value

__all__ = [
    "Expression",
    "ExpressionError",
    "Names",
    "Scalar",
    "Value",
    "Verdict",
    "parse",
]


@dataclass(frozen=True)
class Verdict:
    """Whether an expression held, and what was measured for it.

    ``measured`` has a part of the expression and its value in words for each side of every
    comparison that is not a constant. It is empty where the expression held.
    """

    holds: bool
    measured: tuple[tuple[str, str], ...] = ()

    def report(self) -> str:
        """Return what was measured, one part a line: ``loss: measured 2.31``."""
        return "\n".join(f"{part}: measured {value}" for part, value in self.measured)


class Expression:
    """An expression that the grammar allows. Made by ``parse``."""

    def __init__(self, text: str, tree: ast.expr) -> None:
        self.text = text
        self._tree = tree

    def __repr__(self) -> str:
        return f"parse({self.text!r})"

    def evaluate(self, names: Names) -> Value:
        """Return the value: a number, text, None, a shape, or a float64 or bool array.

        Raises:
            ExpressionError: It has none, such as where a tensor is unknown.
        """
        return Evaluator(self.text, names).value(self._tree)

    def test(self, names: Names) -> Verdict:
        """Return whether the expression holds, and where it does not, what was measured.

        Raises:
            ExpressionError: It has no value, or none that is true or false.
        """
        evaluator = Evaluator(self.text, names)
        if evaluator.truth(self._tree):
            return Verdict(holds=True)
        sides = evaluator.compared or _leaves(self._tree, evaluator)
        measured: dict[str, str] = {}
        for node, operand in sides:
            if not _constant(node):
                measured.setdefault(segment(self.text, node), evaluator.describe(node, operand))
        return Verdict(holds=False, measured=tuple(measured.items()))


def parse(text: str) -> Expression:
    """Return the expression that ``text`` is.

    Raises:
        ExpressionError: It is none, or uses what the grammar does not have.
    """
    stripped = text.strip()
    return Expression(stripped, read(stripped))


def _constant(node: ast.expr) -> bool:
    """Tell whether no part of ``node`` is measured."""
    return not any(_measures(part) for part in ast.walk(node))


def _measures(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name):
            return name in frozenset(Scalar)
        case ast.Call(func=ast.Name(id=name)):
            return name in TENSORS
        case _:
            return False


def _leaves(tree: ast.expr, evaluator: Evaluator) -> list[tuple[ast.expr, Operand]]:
    """Return the values that an expression without a comparison was made of."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr) and _measures(node)]
    return [(node, evaluator.operand(node)) for node in nodes]
