"""The grammar of expressions: Python's own, cut down to what cannot do harm.

Nothing is ever handed to Python to run. The syntax tree is checked against a closed list of
constructions here, and walked by ``gradscope.core.evaluation``.
"""

import ast
import difflib
import warnings
from collections.abc import Iterable, Sequence
from enum import StrEnum

from gradscope.core.words import Role

TEXT_LIMIT = 2000
_DEPTH_LIMIT = 60


class Scalar(StrEnum):
    """The names of single values that an expression can use."""

    ITERATION = "iteration"
    EPOCH = "epoch"
    PHASE = "phase"
    LINE = "line"
    LOSS = "loss"
    LR = "lr"
    GRAD_NORM = "grad_norm"


TENSORS = {str(role): role for role in Role}
"""Functions that read a tensor, by name: one string, and for ``state`` a second one."""
REDUCTIONS = ("norm", "mean", "std", "min", "max", "sum", "zeros", "nans", "infs", "all", "any")
"""Functions that make one number of a tensor."""
FUNCTIONS = (*REDUCTIONS, "abs", "isnan", "isinf", "shape")
"""All functions of one argument."""
CONSTANTS = {"nan": float("nan"), "inf": float("inf")}

NAMES = (*Scalar, *CONSTANTS)
CALLS = (*TENSORS, *FUNCTIONS, "approx")

_OPERATORS = (
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow),
    *(ast.UAdd, ast.USub, ast.Not, ast.And, ast.Or),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot),
)


class ExpressionError(Exception):
    """An expression that cannot be read or evaluated; the message is one line.

    ``column`` counts characters of ``text`` from 0.
    """

    def __init__(self, message: str, text: str, column: int) -> None:
        super().__init__(message)
        self.text = text
        self.column = max(0, min(column, len(text)))

    def __str__(self) -> str:
        return f"{self.args[0]} (column {self.column + 1})"

    def caret(self) -> str:
        """Return the expression with a caret under the place, as two lines."""
        return f"{self.text}\n{' ' * self.column}^"


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return the names most like ``name``, nearest first; those that contain it count too."""
    choices = list(dict.fromkeys(known))
    found = difflib.get_close_matches(name, choices, n=limit, cutoff=0.6)
    holding = [choice for choice in choices if name and name in choice]
    return list(dict.fromkeys([*found, *holding]))[:limit]


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """Return the message for a name that does not exist, with those that do, nearest first."""
    near = nearest(name, known)
    if near:
        return f"there is no {kind} {name!r}; did you mean {' or '.join(near)}?"
    if not known:
        return f"there is no {kind} {name!r}"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"there is no {kind} {name!r}; there are {shown}"


def column_of(text: str, node: ast.expr) -> int:
    """Return where ``node`` begins in ``text``, in characters; the tree counts bytes."""
    return len(text.encode()[: node.col_offset].decode(errors="ignore"))


def segment(text: str, node: ast.expr) -> str:
    """Return the part of ``text`` that ``node`` was read from."""
    return ast.get_source_segment(text, node) or text


def read(text: str) -> ast.expr:
    """Return the checked syntax tree of an expression.

    Raises:
        ExpressionError: It is not an expression, or uses what the grammar does not have.
    """
    if not text:
        raise ExpressionError("an expression is missing", text, 0)
    if len(text) > TEXT_LIMIT:
        raise ExpressionError(f"longer than {TEXT_LIMIT} characters", text, TEXT_LIMIT)
    for character, name in (("\n", "line ends"), ("\r", "line ends"), ("\0", "NUL characters")):
        if character in text:
            place = text.index(character)
            raise ExpressionError(f"{name} have no place in an expression", text, place)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        message = "a single = is no comparison; write ==" if _assigns(text) else "not an expression"
        raise ExpressionError(message, text, (error.offset or len(text) + 1) - 1) from None
    except (RecursionError, MemoryError, ValueError):
        raise ExpressionError("nested too deeply, or not text", text, 0) from None
    _Check(text).visit(tree, 0)
    return tree


def _assigns(text: str) -> bool:
    bare = text
    for operator in ("==", "!=", "<=", ">=", ":="):
        bare = bare.replace(operator, "")
    return "=" in bare and "approx" not in bare


class _Check:
    """Walks a tree and refuses what the grammar does not have."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _refuse(self, node: ast.expr, message: str) -> ExpressionError:
        return ExpressionError(message, self._text, column_of(self._text, node))

    def visit(self, node: ast.expr, depth: int) -> None:
        if depth > _DEPTH_LIMIT:
            raise self._refuse(node, "nested too deeply")
        for part in self._parts(node):
            self.visit(part, depth + 1)

    def _parts(self, node: ast.expr) -> Sequence[ast.expr]:  # noqa: C901, PLR0911  # an arm each
        match node:
            case ast.Constant(value=value):
                if isinstance(value, int) and abs(value) >= 1 << 53:
                    raise self._refuse(node, "a whole number this large is not exact")
                if isinstance(value, (int, float, str)) or value is None:
                    return ()
                raise self._refuse(node, f"{segment(self._text, node)} has no meaning here")
            case ast.Name(id=name):
                self._check_name(node, name)
                return ()
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
                return (left, right)
            case ast.UnaryOp(op=op, operand=operand) if isinstance(op, _OPERATORS):
                return (operand,)
            case ast.BoolOp(values=values):
                return values
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                self._check_comparison(node, ops, comparators)
                return (left, *comparators)
            case ast.Call(args=arguments, keywords=keywords):
                self._check_call(node)
                return (*arguments, *(keyword.value for keyword in keywords))
            case ast.Subscript(value=value, slice=index):
                return (value, *self._index_parts(index))
            case ast.Tuple(elts=elements) if all(isinstance(e, ast.Constant) for e in elements):
                return elements
            case _:
                what = segment(self._text, node)[:40]
                raise self._refuse(node, f"{what!r} is not part of the grammar")

    def _index_parts(self, index: ast.expr) -> Sequence[ast.expr]:
        items = index.elts if isinstance(index, ast.Tuple) else [index]
        parts: list[ast.expr] = []
        for item in items:
            if isinstance(item, ast.Slice):
                ends = (item.lower, item.upper, item.step)
                parts += [end for end in ends if end is not None]
            elif not (isinstance(item, ast.Constant) and item.value is Ellipsis):
                parts.append(item)
        return parts

    def _check_name(self, node: ast.expr, name: str) -> None:
        if name in NAMES:
            return
        if name in CALLS:
            example = '("FQN")' if name in TENSORS else "(…)"
            raise self._refuse(node, f"{name} is a function; write {name}{example}")
        raise self._refuse(node, unknown("name", name, NAMES))

    def _check_comparison(
        self, node: ast.Compare, ops: list[ast.cmpop], comparators: list[ast.expr]
    ) -> None:
        for op, right in zip(ops, comparators, strict=True):
            if not isinstance(op, _OPERATORS):
                raise self._refuse(node, "'in' is not part of the grammar; compare with ==")
            none = isinstance(right, ast.Constant) and right.value is None
            if isinstance(op, (ast.Is, ast.IsNot)) and not none:
                raise self._refuse(right, "only None can follow 'is'; compare with ==")
            if none and not isinstance(op, (ast.Is, ast.IsNot)):
                raise self._refuse(right, "write 'is None' or 'is not None'")

    def _check_call(self, node: ast.Call) -> None:
        if not isinstance(node.func, ast.Name):
            raise self._refuse(node, "only the functions of the grammar can be called")
        name = node.func.id
        if name not in CALLS:
            if name in NAMES:
                raise self._refuse(node, f"{name} is a value, not a function")
            raise self._refuse(node, unknown("function", name, CALLS))
        if name == "approx":
            self._check_keywords(node, ("rel", "abs"))
            self._check_count(node, name, 1, "the number expected")
        elif name in TENSORS:
            self._check_keywords(node, ())
            self._check_tensor(node, TENSORS[name])
        else:
            self._check_keywords(node, ())
            self._check_count(node, name, 1, "a tensor or a number")

    def _check_count(self, node: ast.Call, name: str, count: int, what: str) -> None:
        if len(node.args) != count:
            raise self._refuse(node, f"{name} takes {what}")
        if isinstance(node.args[0], ast.Starred):
            raise self._refuse(node, f"{name} takes {what}")

    def _check_keywords(self, node: ast.Call, known: Sequence[str]) -> None:
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg not in known:
                allowed = f"; it knows {' and '.join(known)}" if known else ""
                raise self._refuse(keyword.value, f"no such option {keyword.arg!r}{allowed}")

    def _check_tensor(self, node: ast.Call, role: Role) -> None:
        form = 'state("FQN", "momentum_buffer")' if role is Role.STATE else f'{role}("FQN")'
        strings = [
            argument
            for argument in node.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        expected = 2 if role is Role.STATE else 1
        if len(strings) != len(node.args) or len(strings) != expected:
            raise self._refuse(node, f"write {form}, names in quotes")
