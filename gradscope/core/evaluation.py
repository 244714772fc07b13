"""Walks the checked tree of an expression over what was measured."""

import ast

import numpy as np

from gradscope.core import operations
from gradscope.core.commands import Slice
from gradscope.core.grammar import (
    CONSTANTS,
    REDUCTIONS,
    TENSORS,
    ExpressionError,
    Scalar,
    column_of,
    segment,
)
from gradscope.core.lookups import Key, Names, Operand, Reader, look_up, number
from gradscope.core.operations import Approx, Number, OperationError, Value, shape_text


class Evaluator:
    """Evaluates one tree once.

    ``compared`` collects both sides of each comparison, for a report of what was measured.
    """

    def __init__(self, text: str, names: Names) -> None:
        self._text = text
        self._names = names
        self._reader = Reader(names)
        self.compared: list[tuple[ast.expr, Operand]] = []

    def value(self, node: ast.expr) -> Value:
        """Return the value of ``node``, tensors read.

        Raises:
            ExpressionError: It has none.
        """
        operand = self.operand(node)
        try:
            return self._reader.value(operand)
        except OperationError as error:
            raise self._error(node, str(error)) from None

    def truth(self, node: ast.expr) -> bool:
        """Return whether ``node`` holds.

        Raises:
            ExpressionError: It is not something that holds or does not hold.
        """
        return self._truth_of(node, self.value(node))

    def operand(self, node: ast.expr) -> Operand:
        """Return what ``node`` stands for, tensors still to be read.

        Raises:
            ExpressionError: It has no value, or its parts do not go together.
        """
        try:
            return self._operand(node)
        except OperationError as error:
            raise self._error(node, str(error)) from None

    def describe(self, node: ast.expr, operand: Operand) -> str:
        """Return an operand's value in words.

        Raises:
            ExpressionError: It is a tensor that cannot be read.
        """
        try:
            return self._reader.describe(operand)
        except OperationError as error:
            raise self._error(node, str(error)) from None

    def _error(self, node: ast.expr, message: str) -> ExpressionError:
        return ExpressionError(message, self._text, column_of(self._text, node))

    def _operand(self, node: ast.expr) -> Operand:  # noqa: C901, PLR0911  # an arm for each
        match node:
            case ast.Constant(value=str() | int() | float() | None as constant):
                return constant
            case ast.Name(id=name):
                return CONSTANTS[name] if name in CONSTANTS else self._names.scalar(Scalar(name))
            case ast.BoolOp(op=op, values=values):
                decisive = isinstance(op, ast.Or)
                decided = any(self.truth(value) is decisive for value in values)
                return decided is decisive
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return not self.truth(inner)
            case ast.UnaryOp(op=op, operand=inner):
                value = self._number(inner)
                return operations.negative(value) if isinstance(op, ast.USub) else value
            case ast.BinOp(left=left, op=op, right=right):
                return operations.arithmetic(op, self._number(left), self._number(right))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                return self._chain(node, [left, *comparators], ops)
            case ast.Subscript(value=inner, slice=index):
                return self._reader.pick(self.operand(inner), self._keys(index))
            case ast.Tuple(elts=elements):
                return tuple(self._integer(element) for element in elements)
            case ast.Call(func=ast.Name(id=name)):
                return self._call(node, name)
            case _:
                raise self._error(node, "not part of the grammar")

    def _truth_of(self, node: ast.expr, value: Value) -> bool:
        if isinstance(value, np.ndarray):
            if value.size == 1:
                return bool(value.item())
            what = f"{shape_text(value.shape)} elements"
            message = f"{what} are neither true nor false; use all(…) or any(…)"
            raise self._error(node, message)
        if isinstance(value, (int, float)):
            return bool(value)
        what = f"{segment(self._text, node)} is {operations.describe(value)}"
        raise self._error(node, f"{what}, which is neither true nor false")

    def _number(self, node: ast.expr) -> Number:
        value = self.value(node)
        try:
            return number(value)
        except OperationError:
            what = f"{segment(self._text, node)} is {operations.describe(value)}"
            raise self._error(node, f"{what}, not a number") from None

    def _plain(self, node: ast.expr) -> float:
        value = self._number(node)
        if isinstance(value, np.ndarray):
            raise self._error(node, "one number must stand here, not a tensor")
        return float(value)

    def _integer(self, node: ast.expr) -> int:
        value = self.value(node)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value % 1 == 0:
            return int(value)
        raise self._error(node, "only a whole number can stand here")

    def _chain(self, node: ast.Compare, sides: list[ast.expr], ops: list[ast.cmpop]) -> Value:
        left = self.operand(sides[0])
        for place, (op, side) in enumerate(zip(ops, sides[1:], strict=True)):
            right = self.operand(side)
            self.compared += [(sides[place], left), (side, right)]
            result = self._compare(op, (sides[place], left), (side, right))
            if len(ops) == 1:
                return result
            if not self._truth_of(node, result):
                return False
            left = right
        return True

    def _compare(
        self, op: ast.cmpop, left: tuple[ast.expr, Operand], right: tuple[ast.expr, Operand]
    ) -> Value:
        if isinstance(op, (ast.Is, ast.IsNot)):
            return self._reader.is_none(left[1]) is isinstance(op, ast.Is)
        values: list[Value] = []
        for node, operand in (left, right):
            value = self._reader.value(operand)
            if value is None:
                raise self._error(node, f"{segment(self._text, node)} is None here, not a number")
            values.append(value)
        return operations.compare(op, *values)

    def _call(self, node: ast.Call, name: str) -> Operand:
        if name in TENSORS:
            words = [str(word.value) for word in node.args if isinstance(word, ast.Constant)]
            return look_up(self._names, TENSORS[name], words)
        argument = node.args[0]
        if name == "approx":
            options = {str(key.arg): self._plain(key.value) for key in node.keywords}
            return Approx(self._plain(argument), **options)
        if name == "shape":
            return self._reader.shape(self.operand(argument))
        if name in REDUCTIONS:
            return self._reader.reduce(name, self.operand(argument))
        return operations.elementwise(name, self._number(argument))

    def _keys(self, index: ast.expr) -> list[Key]:
        items = index.elts if isinstance(index, ast.Tuple) else [index]
        return [self._key(item) for item in items]

    def _key(self, item: ast.expr) -> Key:
        if isinstance(item, ast.Constant) and item.value is Ellipsis:
            return ...
        if not isinstance(item, ast.Slice):
            return Slice(start=self._integer(item), element=True)
        ends = (item.lower, item.upper, item.step)
        start, stop, step = (None if end is None else self._integer(end) for end in ends)
        if step == 0:
            raise self._error(item, "the step of a slice cannot be 0")
        if step is not None and step < 0:
            return slice(start, stop, step)
        return Slice(start=start, stop=stop, step=step)
