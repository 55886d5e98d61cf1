# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Which tests of a stage are wanted: what ``-k`` and ``--test`` mean outside pytest, where they mean the same."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from _pytest.mark.expression import Expression

from ampstand.errors import UsageError

MOST_WORDS = 10
"""Words of an expression up to which it is worked out whether it can match at all."""


@dataclass(frozen=True)
class Selection:
    """An expression of ``-k``, and names of exact tests; everything, if both are empty."""

    keyword: str = ""
    tests: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise unless the expression is one."""
        if self.keyword:
            self._expression()

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return bool(self.keyword or self.tests)

    def __str__(self) -> str:
        """Return the options that select this."""
        words = ["-k", self.keyword] if self.keyword else []
        return shlex.join([*words, *(word for test in self.tests for word in ("--test", test))])

    def _expression(self) -> Expression:
        try:
            return Expression.compile(self.keyword)
        except SyntaxError as error:
            raise UsageError(
                f"-k {self.keyword}: {error.msg}", hint="words with `and`, `or`, `not` and parentheses"
            ) from error

    def matches(self, name: str, group: str = "") -> bool:
        """Whether a test is wanted: by its name, or by that of the ``group`` that only runs as a whole."""
        if self.tests and not {name, group} & set(self.tests):
            return False
        return not self.keyword or self._expression().evaluate(lambda word, /, **_: word.lower() in name.lower())

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return the exact tests that none of these is, nor a part of, nor the whole that it is a part of."""
        known = set(names)
        groups = {name.partition("::")[0] for name in known}
        return [test for test in self.tests if not {test, test.partition("::")[0]} & known and test not in groups]

    def may_match(self, text: str) -> bool:
        """Whether a test can be wanted whose name is made of words of this text: never False if one is.

        A word of the expression that is nowhere in the text is in no name; of the others nothing is known.
        """
        lower = text.lower()
        if self.tests and not any(_made_of(test, lower) for test in self.tests):
            return False
        if not self.keyword:
            return True
        expression = self._expression()
        unknown = sorted(word for word in expression.idents() if _made_of(word.lower(), lower))
        if len(unknown) > MOST_WORDS:
            return True
        for truth in itertools.product((False, True), repeat=len(unknown)):
            known = dict(zip(unknown, truth, strict=True))
            if expression.evaluate(lambda word, /, known=known, **_: known.get(word, False)):
                return True
        return False


def _made_of(name: str, text: str) -> bool:
    """Whether each part of a name is in the text; numbers may have been put in."""
    return all(part in text for part in re.findall(r"[a-z_]+", name.lower()))
