# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A review as SARIF 2.1.0: at the lines of the patch, what was never executed and what the compiler warns of.

GitHub shows it beside the lines of a pull request (github/codeql-action/upload-sarif).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ampstand import __version__
from ampstand.report.patch_lines import State
from ampstand.report.review import Review

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RULES = {
    "never-executed": "A line that is added or changed was executed by no scenario.",
    "new-warning": "The compiler warns, with W=1, of what it did not without the patch.",
}


def text(review: Review) -> str:
    """Return the document."""
    return json.dumps(document(review), indent=1) + "\n"


def document(review: Review) -> dict[str, Any]:
    """Return the document as what JSON knows."""
    rules = [{"id": rule, "shortDescription": {"text": what}} for rule, what in RULES.items()]
    driver = {"name": "ampstand", "version": __version__, "rules": rules}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "utf16CodeUnits", "results": list(_results(review))}],
    }


def _results(review: Review) -> Iterator[dict[str, Any]]:
    for line in review.lines:
        if line.state is State.NEVER:
            yield _result("never-executed", "note", f"never executed: {line.text.strip()}", line.file, line.line)
    for warning in review.warnings:
        file, _, message = warning.text.partition(": ")
        yield _result("new-warning", "warning", f"patch {warning.patch}: {message}", file, 0)


def _result(rule: str, level: str, message: str, file: str, line: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": file}}
    if line:
        place["region"] = {"startLine": line}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": message},
        "locations": [{"physicalLocation": place}],
    }
