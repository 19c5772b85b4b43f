"""The grammar of metric math: text to tree.

Loosest first: ``OR ||``, ``AND &&``, ``== != < <= > >=``, ``+ -``, ``* /``, unary ``-``, ``^``. CloudWatch names
the operators but not their precedence; this is the usual one.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from localcloud.observe.mathexpr.series import MathError


@dataclass(frozen=True, slots=True)
class Number:
    """A scalar."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of another query, or a word such as ``REPEAT`` or ``DESC``."""

    value: str


@dataclass(frozen=True, slots=True)
class Listing:
    """``[a, b]``: an array of time series."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Negation:
    """``-a``."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Operation:
    """``a <operator> b``."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """``FUNCTION(arguments)``."""

    function: str
    arguments: "tuple[Node, ...]"


Node = Number | Text | Name | Listing | Negation | Operation | Call


class Token(NamedTuple):
    """One word of an expression and where it starts."""

    kind: str
    text: str
    at: int


_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)|(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<text>"[^"]*"|'[^']*'|\u201c[^\u201d]*\u201d)"""
    r"""|(?P<mark>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],])|(?P<other>.)""",
    re.DOTALL,
)
_SAME: Final = {"AND": "&&", "OR": "||"}
_LEVELS: Final = (("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/"))
_DEPTH: Final = 60


@lru_cache(maxsize=512)
def parse(text: str) -> Node:
    """The tree of the expression `text`.

    Raises:
        MathError: What does not belong there, and at which character.
    """
    return _Parser(text).parse()


def names_in(node: Node) -> Iterator[str]:
    """The ids that `node` mentions, not those of functions; may repeat."""
    match node:
        case Name(value):
            yield value
        case Listing(items):
            for item in items:
                yield from names_in(item)
        case Negation(operand):
            yield from names_in(operand)
        case Operation(_, left, right):
            yield from names_in(left)
            yield from names_in(right)
        case Call(_, arguments):
            for argument in arguments:
                yield from names_in(argument)
        case Number() | Text():
            return


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._binary(0)
        if self._token.kind != "end":
            raise self._unexpected()
        return node

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _unexpected(self) -> MathError:
        found = self._token
        what = "it ends too early" if found.kind == "end" else f"unexpected {found.text!r} at character {found.at}"
        return MathError(f"Error in expression '{self._text}': {what}")

    def _take(self, mark: str) -> bool:
        if self._token.kind != "mark" or self._token.text != mark:
            return False
        self._at += 1
        return True

    def _require(self, mark: str) -> None:
        if not self._take(mark):
            raise self._unexpected()

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._token.kind == "mark" and self._token.text in _LEVELS[level]:
            operator = self._token.text
            self._at += 1
            left = Operation(operator, left, self._binary(level + 1))
        return left

    def _unary(self) -> Node:
        if self._take("-"):
            return Negation(self._nested(self._unary))
        base = self._nested(self._atom)
        return Operation("^", base, self._nested(self._unary)) if self._take("^") else base

    def _nested(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEPTH:
            raise MathError(f"Error in expression '{self._text}': it is nested more than {_DEPTH} deep")
        node = read()
        self._depth -= 1
        return node

    def _atom(self) -> Node:
        token = self._token
        if token.kind == "number":
            self._at += 1
            return self._number(token.text)
        if token.kind == "text":
            self._at += 1
            return Text(token.text[1:-1])
        if token.kind == "name":
            self._at += 1
            return Call(token.text, self._items(")")) if self._take("(") else Name(token.text)
        if self._take("("):
            inner = self._binary(0)
            self._require(")")
            return inner
        if self._take("["):
            return Listing(self._items("]"))
        raise self._unexpected()

    def _number(self, text: str) -> Number:
        value = float(text)
        if math.isinf(value):
            raise MathError(f"Error in expression '{self._text}': the number {text} is too large")
        return Number(value)

    def _items(self, closing: str) -> tuple[Node, ...]:
        if self._take(closing):
            return ()
        items = [self._binary(0)]
        while self._take(","):
            items.append(self._binary(0))
        self._require(closing)
        return tuple(items)


def _tokens(text: str) -> Iterator[Token]:
    for found in _TOKEN.finditer(text):
        kind, word = str(found.lastgroup), found.group()
        if kind == "name" and word in _SAME:
            yield Token("mark", _SAME[word], found.start())
        elif kind != "space":
            yield Token(kind, word, found.start())
    yield Token("end", "", len(text))
