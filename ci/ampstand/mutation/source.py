# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""C as a syntax tree: tree-sitter's, which needs neither headers nor a preprocessor.

What macros make of C's syntax is put right before the text is parsed, byte for byte, so that positions in the tree are
those in the file: annotations become spaces, and macros that are loops become ``while``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter_c
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_c.language()))
_ANNOTATION = re.compile(
    rb"\b__(?:init|exit|iomem|user|force|percpu|rcu|packed|must_check|maybe_unused|always_unused|used|cold|noreturn"
    rb"|releases|acquires|must_hold)\b(?:\([^()\n]*\))?"
)
_LOOP = re.compile(rb"\b\w*(?:for_each|FOREACH)\w*(?=\s*\()")
LOOP_MACRO = re.compile(r"\w*(?:for_each|FOREACH)\w*")
"""The name of a macro that begins a loop."""


def parse(text: bytes) -> Node:
    """Return the root of a file's tree."""
    plain = _ANNOTATION.sub(lambda found: b" " * len(found[0]), text)
    plain = _LOOP.sub(lambda found: b"while".ljust(len(found[0])), plain)
    return _PARSER.parse(plain).root_node


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, from the first to the last."""
    yield node
    for child in node.children:
        yield from walk(child)


def functions(root: Node) -> Iterator[tuple[str, Node]]:
    """Yield the functions that a file defines, and their names."""
    for node in walk(root):
        if node.type == "function_definition":
            declarator = node.child_by_field_name("declarator")
            name = next((leaf for leaf in walk(declarator) if leaf.type == "identifier"), None) if declarator else None
            if name is not None and name.text is not None:
                yield name.text.decode(), node


_BLOCKS = ("compound_statement", "case_statement")
_JUMPS = ("return_statement", "goto_statement", "break_statement", "continue_statement")
_STATEMENT = re.compile(r"statement$|^declaration$")


def along(node: Node) -> list[range]:
    """Return the lines, from 1, of statements that are executed whenever a node is, the best witness first.

    They are of the same block: behind the node up to where others jump to, and before it back to what may leave the
    block. Of what has no block of its own, such as a statement right under an ``if``, nothing is known.
    """
    while node.parent is not None and node.parent.type not in _BLOCKS:
        if node.type.endswith("_statement") and node.parent.type != "labeled_statement":
            return []
        node = node.parent
    found = []
    for step, ends in (("next_named_sibling", _is_entered), ("prev_named_sibling", _leaves)):
        other = getattr(node, step)
        while other is not None and (other.type == "comment" or not ends(other)):
            if other.type != "comment":
                found.append(range(other.start_point.row + 1, other.end_point.row + 2))
            other = getattr(other, step)
    return found


def _is_entered(statement: Node) -> bool:
    """Whether others jump to a statement."""
    return statement.type in ("labeled_statement", "case_statement")


def _leaves(statement: Node) -> bool:
    """Whether a statement is no sure sign that the next one is executed; nor is what a ``case`` compares with."""
    return (
        _is_entered(statement)
        or not _STATEMENT.search(statement.type)
        or any(one.type in _JUMPS for one in walk(statement))
    )


def returns_nothing(function: Node) -> bool:
    """Whether a function is ``void``."""
    kind, declarator = function.child_by_field_name("type"), function.child_by_field_name("declarator")
    pointer = declarator is not None and declarator.type == "pointer_declarator"
    return kind is not None and kind.text == b"void" and not pointer


def flat(text: bytes, node: Node) -> str:
    """Return what a node covers in one line, without comments."""
    parts, at = [], node.start_byte
    for comment in (one for one in walk(node) if one.type == "comment"):
        parts.append(text[at : comment.start_byte])
        at = comment.end_byte
    parts.append(text[at : node.end_byte])
    return re.sub(r"\s*\n\s*", " ", b" ".join(parts).decode("utf-8", errors="surrogateescape")).strip()


def callee(call: Node) -> str:
    """Return the name of what is called, as it is in the tree; empty if that is no name."""
    function = call.child_by_field_name("function")
    if function is None or function.text is None:
        return ""
    if function.type == "field_expression":
        field = function.child_by_field_name("field")
        return field.text.decode() if field is not None and field.text is not None else ""
    return function.text.decode() if function.type == "identifier" else ""
