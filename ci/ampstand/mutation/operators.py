# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What can be wrong with a piece of C: the operators that make mutants, as a table.

An operator looks at one node of a function's tree and says what may stand there instead (an expression), what may be
done before it, or that it is left out (a statement).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from tree_sitter import Node

from ampstand.mutation.source import LOOP_MACRO, callee, flat, returns_nothing, walk


class Kind(Enum):
    """How a change is put into the source."""

    INSTEAD = "instead"
    """The text is another expression."""
    TRUTH = "truth"
    """The same, of an expression of which only the truth matters."""
    WITHOUT = "without"
    """The statement is left out."""
    BEFORE = "before"
    """The text is done before the statement."""


@dataclass(frozen=True)
class Change:
    """One mutant's edit."""

    operator: str
    node: Node
    kind: Kind
    text: str = ""


@dataclass(frozen=True)
class Place:
    """Where an operator looks: a file's text, and the function."""

    text: bytes
    function: Node

    def of(self, node: Node | None) -> str:
        """Return a node's text in one line."""
        return flat(self.text, node) if node is not None else ""


LOG = re.compile(
    r"(?:dev|netdev|rpmsg)_(?:dbg|info|notice|warn|err|crit)\w*|dev_err_probe|pr_\w+|printk|trace_\w+"
    r"|qemu_log\w*|error_report|warn_report|(?:dynamic|print)_hex_dump\w*"
)
"""Calls that only tell somebody something: nothing in them is changed."""
FIXED = re.compile(
    r"[A-Z_]*(?:BUILD_BUG|ASSERT)\w*|container_of|offsetof|typeof|va_arg|va_start|[A-Z]+_LOCK_GUARD|guard"
)
"""Calls of macros that want constants, types or variables, or declare something: nothing in them is changed."""
CALLS = {
    "barrier": re.compile(r"(?:\w*_)?[rw]?mb|barrier|\w*_barrier"),
    "unlock": re.compile(r"\w*unlock\w*"),
    "put": re.compile(r"\w*_put(?:_\w+)?|put_\w+"),
    "free": re.compile(r"\w*(?:free|release|destroy|unregister|unmap|cleanup|remove|disable|shutdown)\w*|list_del\w*"),
    "wake-up": re.compile(r"\w*(?:wake|complete|notify|kick|queue_work|schedule_work|raise)\w*"),
}
"""Operators that leave out a call, by the names of what is called; the first counts, and ``call`` has the others."""
SYMMETRIC = re.compile(r"(?:str|mem)n?(?:case)?cmp|(?:sysfs_)?streq|(?:min|max)(?P<type>_t)?|MIN|MAX")
"""Calls with two arguments that may come in either order: the first two, or the last where a type is the first."""
ERROR = re.compile(r"(?:AMP_)?E[A-Z0-9]{2,}")
BOUNDARIES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
CONDITIONED = ("if_statement", "while_statement", "do_statement", "for_statement", "conditional_expression")
LOOPS = ("while_statement", "do_statement", "for_statement")
STATEMENTS = ("expression_statement", "break_statement", "continue_statement", "goto_statement", "return_statement")


def _condition(node: Node) -> Node | None:
    """Return the condition that a statement or an expression has; None if it is a macro's."""
    found = node.child_by_field_name("condition") if node.type in CONDITIONED else None
    if node.type == "conditional_expression" and node.child_by_field_name("consequence") is None:
        return None  # in "a ?: b" it is the value, too
    if found is not None and found.type == "parenthesized_expression":
        found = found.named_children[0] if len(found.named_children) == 1 else None
    return found


def _is_condition(node: Node) -> bool:
    parent = node.parent
    if parent is not None and parent.type == "parenthesized_expression":
        parent = parent.parent
    return parent is not None and _condition(parent) == node


def _negated(node: Node, place: Place) -> Iterator[Change]:
    condition = _condition(node)
    if condition is not None and node.type not in LOOPS and not condition.has_error:
        yield Change("negated", condition, Kind.TRUTH, f"!({place.of(condition)})")


def _weakened(node: Node, place: Place) -> Iterator[Change]:
    operator = node.child_by_field_name("operator")
    if node.type == "binary_expression" and operator is not None and operator.type in ("&&", "||"):
        for side in ("left", "right"):
            yield Change("weakened", node, Kind.INSTEAD, f"!!({place.of(node.child_by_field_name(side))})")


def _boundary(node: Node, place: Place) -> Iterator[Change]:
    operator = node.child_by_field_name("operator")
    if node.type != "binary_expression" or operator is None or operator.type not in BOUNDARIES:
        return
    if operator.type in ("==", "!=") and _is_condition(node):
        return  # the negation is the same
    left, right = (place.of(node.child_by_field_name(side)) for side in ("left", "right"))
    yield Change("boundary", node, Kind.INSTEAD, f"({left}) {BOUNDARIES[operator.type]} ({right})")


def _constant(node: Node, place: Place) -> Iterator[Change]:
    if node.type == "number_literal":
        for step in ("+ 1", "- 1"):
            yield Change("constant", node, Kind.INSTEAD, f"{place.of(node)} {step}")


def _error_code(node: Node, place: Place) -> Iterator[Change]:
    text = place.of(node)
    negative = node.type == "unary_expression" and text[:1] == "-" and text[1:].strip().startswith("E")
    own = node.type == "identifier" and text.startswith("AMP_E")
    name = text.lstrip("- ")
    if (negative or own) and ERROR.fullmatch(name):
        other = "EIO" if name != "EIO" else "EINVAL"
        yield Change("error-code", node, Kind.INSTEAD, "(-1)" if own else f"-{other}")


def _swapped(node: Node, place: Place) -> Iterator[Change]:
    if node.type != "call_expression":
        return
    function = place.of(node.child_by_field_name("function"))
    arguments = node.child_by_field_name("arguments")
    texts = [place.of(child) for child in arguments.named_children if child.type != "comment"] if arguments else []
    symmetric = SYMMETRIC.fullmatch(function)
    either = (1 if symmetric["type"] else 0) if symmetric else None
    for first in range(len(texts) - 1):
        if first != either and texts[first] != texts[first + 1]:
            order = [*texts[:first], texts[first + 1], texts[first], *texts[first + 2 :]]
            yield Change("swapped", node, Kind.INSTEAD, f"{function}({', '.join(order)})")


def _result(node: Node, place: Place) -> Iterator[Change]:
    """Leave out a call whose result is used: it is 0."""
    parent = node.parent
    statement = parent is None or parent.type in ("expression_statement", "comma_expression")
    cast = parent is not None and parent.type == "cast_expression" and place.of(parent).startswith("(void)")
    if node.type == "call_expression" and not statement and not cast and not _is_condition(node):
        yield Change("call-result", node, Kind.INSTEAD, "0")


def _left_out(node: Node, place: Place) -> Iterator[Change]:
    """Leave out a statement, under the name of what it does."""
    if node.type not in STATEMENTS or node.children[-1].is_missing:
        return
    if node.type != "expression_statement":
        if node.type != "return_statement" or not _ends_function(node, place.function):
            yield Change("jump", node, Kind.WITHOUT)
        return
    inner = node.named_children[0] if node.named_children else None
    if inner is not None and inner.type == "cast_expression":
        inner = inner.child_by_field_name("value")
    if inner is None or inner.type in ("gnu_asm_expression", "identifier"):  # the latter is a macro: fallthrough;
        return
    if inner.type != "call_expression":
        yield Change("assignment", node, Kind.WITHOUT)
        return
    name = callee(inner)
    if not _declares(node):
        operator = next((key for key, pattern in CALLS.items() if pattern.fullmatch(name)), "call")
        yield Change(operator, node, Kind.WITHOUT)


def _declares(statement: Node) -> bool:
    """Whether a statement may be a macro that declares something: in braces nobody would know of it."""
    inner = statement.named_children[0] if statement.named_children else statement
    name = callee(inner) if inner.type == "call_expression" else ""
    return name.isupper() or _is_fixed(inner)


def _ends_function(node: Node, function: Node) -> bool:
    body = function.child_by_field_name("body")
    last = body.named_children[-1] if body is not None and body.named_children else None
    while last is not None and last.type == "labeled_statement":
        last = last.named_children[-1]
    return last == node


def _early_return(node: Node, place: Place) -> Iterator[Change]:
    """Return at the first statement of a block."""
    if node.type == "compound_statement":
        named = [child for child in node.named_children if child.type not in ("comment", "declaration")]
        statements = [child for child in named if not _declares(child)]
        if statements and statements[0].type in (*STATEMENTS[:1], "if_statement", *LOOPS, "switch_statement"):
            text = "return;" if returns_nothing(place.function) else "return 0;"
            if place.of(statements[0]) != text and not statements[0].children[-1].is_missing:
                yield Change("early-return", statements[0], Kind.BEFORE, text)


def _loop(node: Node, place: Place) -> Iterator[Change]:
    """Skip what a loop does: each time where something else counts, as ``while`` would not come to an end."""
    body, condition = node.child_by_field_name("body"), _condition(node)
    if node.type not in LOOPS or body is None:
        return
    if node.type == "for_statement" or LOOP_MACRO.match(place.of(node)):
        yield Change("loop", body, Kind.BEFORE, "continue;")
    elif condition is not None and not condition.has_error and condition.type != "number_literal":
        yield Change("loop", condition, Kind.TRUTH, "0")


Operator = Callable[[Node, Place], Iterator[Change]]
OPERATORS: tuple[Operator, ...] = (
    _negated,
    _weakened,
    _boundary,
    _constant,
    _error_code,
    _swapped,
    _result,
    _left_out,
    _early_return,
    _loop,
)
TITLES = {
    "negated": "a condition is negated",
    "weakened": "of two conditions only one counts",
    "boundary": "a comparison has another boundary, or == is !=",
    "constant": "a number is one more, or one less",
    "error-code": "another error is reported",
    "swapped": "two arguments of a call change places",
    "call-result": "a call is left out, its result is 0",
    "barrier": "a barrier is left out",
    "unlock": "a lock is kept",
    "put": "a reference is kept",
    "free": "something is not freed, taken down or switched off",
    "wake-up": "nobody is woken or told",
    "call": "any other call is left out",
    "assignment": "an assignment is left out",
    "jump": "a return, goto, break or continue is left out",
    "early-return": "a block returns at once",
    "loop": "a loop does nothing",
}
"""All operators, for people."""


def changes(text: bytes, function: Node) -> Iterator[Change]:
    """Yield what can be wrong with a function."""
    body = function.child_by_field_name("body")
    if body is not None:
        place = Place(text, function)
        for node in _open(body, text):
            if node.has_error and node.type not in (*CONDITIONED, "compound_statement", "expression_statement"):
                continue
            for operator in OPERATORS:
                yield from (change for change in operator(node, place) if _possible(change, text))


def _possible(change: Change, text: bytes) -> bool:
    """Whether a change can be written in one line, and its node is as it is read."""
    node = change.node
    if change.kind in (Kind.INSTEAD, Kind.TRUTH) and (node.has_error or node.type == "comma_expression"):
        return False
    return not any(one.type.startswith("preproc") for one in walk(node)) or change.kind is Kind.BEFORE


def _open(node: Node, text: bytes) -> Iterator[Node]:
    """Yield a node and those below it that may be changed."""
    yield node
    for child in node.children:
        if not _is_closed(child, node, text):
            yield from _open(child, text)


def _is_closed(node: Node, parent: Node, text: bytes) -> bool:
    """Whether a node has to stay as it is: it has to be a constant, declares something, or only tells of something."""
    if node.type in ("sizeof_expression", "gnu_asm_expression", "static_assert_declaration", "attribute_specifier"):
        return True
    if node.type.startswith("preproc") and node.type not in ("preproc_if", "preproc_ifdef", "preproc_else"):
        return True
    if parent.type.startswith("preproc_if") and parent.child_by_field_name("condition") == node:
        return True
    if parent.type == "case_statement" and parent.child_by_field_name("value") == node:
        return True
    if parent.type == "array_declarator" and parent.child_by_field_name("size") == node:
        return True
    if node.type in (
        "subscript_designator",
        "bitfield_clause",
        "enum_specifier",
        "struct_specifier",
        "macro_type_specifier",
    ):
        return True
    if parent.type == "while_statement" and node.type == "parenthesized_expression":
        return bool(LOOP_MACRO.match(text[parent.start_byte : node.start_byte].decode("utf-8", errors="replace")))
    if node.type == "declaration":
        return any(child.type == "storage_class_specifier" and child.text == b"static" for child in node.children)
    if node.type == "expression_statement" and node.named_children:
        inner = node.named_children[0]
        if inner.type == "cast_expression":
            inner = inner.child_by_field_name("value") or inner
        return _is_fixed(inner)
    return _is_fixed(node)


def _is_fixed(node: Node) -> bool:
    if node.type != "call_expression":
        return False
    function, name = node.child_by_field_name("function"), callee(node)
    return (function is not None and _is_fixed(function)) or bool(LOG.fullmatch(name) or FIXED.fullmatch(name))
