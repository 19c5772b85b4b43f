"""Filter patterns of CloudWatch Logs: terms, and conditions on JSON lines. Pure.

Syntax as in the CloudWatch Logs user guide, "Filter pattern syntax". Space-delimited patterns (``[a, b]``) and regular
expressions (``%...%``) are not supported.
"""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

Matcher = Callable[[str], bool]
Condition = Callable[[object], bool]

_TERM: Final = re.compile(r'([-?]?)("(?:[^"\\]|\\.)*"|\S+)')
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<mark>&&|\|\||!=|<=|>=|[()=<>])|(?P<selector>\$[\w.\[\]*-]*)|(?P<text>"(?:[^"\\]|\\.)*")"""
    r"""|(?P<word>[^\s()=<>!&|]+))"""
)
_MISSING: Final = object()


class PatternError(ValueError):
    """A filter pattern that cannot be matched here."""


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Matcher:
    """Whether a log line matches `pattern`.

    Raises:
        PatternError: What is wrong with the pattern.
    """
    text = pattern.strip()
    if text.startswith("[") or re.search(r"(?:^|\s)%", text):
        raise PatternError(f"the filter pattern {pattern} is not supported by the embedded cloud")
    if text.startswith("{"):
        if not text.endswith("}"):
            raise PatternError(f"the filter pattern {pattern} has no closing brace")
        condition = _JsonPattern(text[1:-1]).parse()
        return lambda line: condition(_document(line))
    return _terms(text)


def selected(line: str, selector: str) -> object:
    """What a selector such as ``$.latency`` finds in a JSON line; None when there is nothing."""
    found = _at(_document(line), selector)
    return None if found is _MISSING else found


def _terms(text: str) -> Matcher:
    words = [(mark, word.strip('"').replace('\\"', '"')) for mark, word in _TERM.findall(text)]
    needed = [word for mark, word in words if not mark]
    refused = [word for mark, word in words if mark == "-"]
    optional = [] if needed else [word for mark, word in words if mark == "?"]
    return lambda line: (
        all(word in line for word in needed)
        and not any(word in line for word in refused)
        and (not optional or any(word in line for word in optional))
    )


def _document(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return _MISSING


def _at(document: object, selector: str) -> object:
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", selector):
        if name and isinstance(document, dict):
            document = document.get(name, _MISSING)
        elif index and isinstance(document, list) and int(index) < len(document):
            document = document[int(index)]
        else:
            return _MISSING
    return document


class _JsonPattern:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._error(text[at:])
            self._tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
            at = found.end()
        self._tokens.append(("end", ""))

    def parse(self) -> Condition:
        condition = self._either()
        if self._tokens[0][0] != "end":
            raise self._error(self._tokens[0][1])
        return condition

    def _error(self, at: str) -> PatternError:
        return PatternError(f"the filter pattern {{{self._text}}} cannot be read at '{at}'")

    def _take(self, word: str) -> bool:
        if self._tokens[0][1] != word:
            return False
        self._tokens.pop(0)
        return True

    def _either(self) -> Condition:
        conditions = [self._both()]
        while self._take("||"):
            conditions.append(self._both())
        return lambda document: any(condition(document) for condition in conditions)

    def _both(self) -> Condition:
        conditions = [self._one()]
        while self._take("&&"):
            conditions.append(self._one())
        return lambda document: all(condition(document) for condition in conditions)

    def _one(self) -> Condition:
        if self._take("("):
            condition = self._either()
            if not self._take(")"):
                raise self._error(self._tokens[0][1])
            return condition
        kind, selector = self._tokens.pop(0)
        if kind != "selector":
            raise self._error(selector)
        if self._take("IS"):
            return self._is(selector)
        if self._take("NOT") and self._take("EXISTS"):
            return lambda document: _at(document, selector) is _MISSING
        return self._comparison(selector)

    def _is(self, selector: str) -> Condition:
        word = self._tokens.pop(0)[1]
        constants = {"NULL": None, "TRUE": True, "FALSE": False}
        if word not in constants:
            raise self._error(word)
        return lambda document: _at(document, selector) is constants[word]

    def _comparison(self, selector: str) -> Condition:
        operator = self._tokens.pop(0)[1]
        kind, wanted = self._tokens.pop(0) if len(self._tokens) > 1 else ("end", "")
        if kind not in ("text", "word") or operator not in ("=", "!=", "<", "<=", ">", ">="):
            raise self._error(operator)
        if operator in ("=", "!="):
            wanted = wanted.strip('"') if kind == "text" else wanted
            return lambda document: _equals(_at(document, selector), wanted) == (operator == "=")
        return _ordered(selector, operator, self._number(wanted))

    def _number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise self._error(text) from None


def _equals(found: object, wanted: str) -> bool:
    if isinstance(found, bool) or found is None:
        return False
    if isinstance(found, int | float):
        try:
            return float(wanted) == found
        except ValueError:
            return False
    return isinstance(found, str) and fnmatchcase(found, wanted.replace("[", "[[]").replace("?", "[?]"))


def _ordered(selector: str, operator: str, limit: float) -> Condition:
    compare: dict[str, Callable[[float], bool]] = {
        "<": lambda value: value < limit,
        "<=": lambda value: value <= limit,
        ">": lambda value: value > limit,
        ">=": lambda value: value >= limit,
    }

    def holds(document: object) -> bool:
        found = _at(document, selector)
        return isinstance(found, int | float) and not isinstance(found, bool) and compare[operator](found)

    return holds
