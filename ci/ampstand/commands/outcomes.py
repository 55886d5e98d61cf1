# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What test programs said, as outcomes: TAP, and the results that Meson writes down."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ampstand.report.results import BAD, Outcome, Test

MESON_OUTCOMES: Mapping[str, Outcome] = {"OK": "passed", "EXPECTEDFAIL": "known", "SKIP": "skipped"}
"""By Meson's name for a result; all others failed."""
LAST_WORDS = ("Bail out!", "ERROR:", "SUMMARY:", "Assertion", "no end within")


def tap(stage: str, program: str, text: str, code: int) -> list[Test]:
    """Return how the tests of a TAP program went; one more, named as the program, if it ended wrong."""
    tests: list[Test] = []
    plan = re.search(r"^1\.\.(\d+)", text, flags=re.MULTILINE)
    for verdict, said in re.findall(r"^(ok|not ok)\b *\d* *(.*)$", text, flags=re.MULTILINE):
        name, _, detail = re.sub(r"^- ", "", said).partition(" # " if "# SKIP" in said.upper() else " - ")
        name = f"{program}::{name.strip()}"
        if re.search(r"#\s*SKIP", said, flags=re.IGNORECASE):
            tests.append(Test(stage, name, "skipped", reason=re.sub(r"(?i)^skip\S*\s*", "", detail)))
        elif verdict == "ok":
            tests.append(Test(stage, name, "passed"))
        else:
            reason = detail or last_words(text)
            tests.append(Test(stage, name, "failed", reason=reason, headline=reason))
    failed = any(test.outcome == "failed" for test in tests)
    if plan is None or not tests or (not failed and (len(tests) < int(plan[1]) or code != 0)):
        ended = f"signal {-code}" if code < 0 else f"code {code}"
        reason = f"ended with {ended} after {len(tests)} of {plan[1] if plan else 'no'} tests"
        words = last_words(text)
        tests.append(Test(stage, program, "failed", reason=f"{reason}\n{words}".strip(), headline=words or reason))
    return tests


def last_words(text: str) -> str:
    """Return what a program said of its own failure, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if any(mark in line for mark in LAST_WORDS)]
    return (told or lines or [""])[-1].removeprefix("# ").removeprefix("Bail out! ")


def meson_results(entry: Mapping[str, object]) -> list[Test]:
    """Return how the tests of one line of Meson's ``testlog.json`` went: those of the TAP that it said, else itself."""
    name = str(entry["name"]).rpartition(" / ")[2]
    text, result = str(entry["stdout"] or ""), str(entry["result"])
    code = int(str(entry["returncode"]))
    seconds = round(float(str(entry["duration"])), 3)
    if re.search(r"^1\.\.\d", text, flags=re.MULTILINE):
        tests = tap("native", name, text, code)
    else:
        reason = "" if result in MESON_OUTCOMES else f"{result.lower()}: {last_words(text)}"
        tests = [Test("native", name, MESON_OUTCOMES.get(result, "failed"), seconds, reason, reason)]
    if result not in MESON_OUTCOMES and not any(test.outcome in BAD for test in tests):
        tests.append(Test("native", name, "failed", seconds, result.lower(), result.lower()))
    return tests
