# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The record of a run as JUnit XML, for the tools that read nothing else. Ampstand itself never reads it."""

from __future__ import annotations

import re
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from ampstand.errors import UsageError
from ampstand.report.results import Run, Test


def write(run: Run, path: Path) -> None:
    """Write the file: a suite a stage, in it a case a test; a broken stage is a case of its own.

    JUnit knows no known bugs: they are skipped cases whose message begins with ``known bug``.
    """
    document = JUnitXml("ampstand")
    for stage in run.stages.values():
        suite = TestSuite(stage.stage)
        suite.add_testcases([_case(test) for test in run.of_stage(stage.stage)])
        if stage.state == "broken":
            case = TestCase(stage.stage, classname=stage.stage, time=stage.seconds)
            case.result = [Error(_clean(stage.reason))]
            suite.add_testcase(case)
        for name, value in run.inputs.items():
            suite.add_property(name, _clean(value))
        document.add_testsuite(suite)
    try:
        document.write(str(path), pretty=True)
    except OSError as error:
        raise UsageError(f"--junit {path}: {error.strerror}") from error


def _clean(text: str) -> str:
    """Return the text without the characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)


def _case(test: Test) -> TestCase:
    case = TestCase(_clean(test.name), classname=test.stage, time=test.seconds)
    if test.outcome == "skipped":
        case.result = [Skipped(_clean(test.reason))]
    elif test.outcome == "known":
        known = " ".join(part for part in ("known bug", test.known, test.reason) if part)
        case.result = [Skipped(_clean(test.reason if test.reason.startswith("known bug") else known))]
    elif test.outcome != "passed":
        kind = Failure if test.outcome == "failed" else Error
        result = kind(_clean(test.headline or test.reason))
        again = f"run it again: {test.rerun}" if test.rerun else ""
        result.text = _clean("\n".join(part for part in (test.reason, again) if part))
        case.result = [result]
    return case
