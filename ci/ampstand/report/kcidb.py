# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A review as a report to KCIDB, the common database of those who test Linux: both sides, each with its tests.

The schema is that of the kcidb-io package, 5.3. ``kcidb-submit`` sends it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ampstand.report.results import Figure, Run, Test
from ampstand.report.review import Review

ORIGIN = "ampstand"
VERSION = {"major": 5, "minor": 3}
STATUS = {"passed": "PASS", "failed": "FAIL", "known": "FAIL", "skipped": "SKIP", "error": "ERROR"}
"""By outcome; a known bug of Linux is a failure of Linux, and the comment has its name."""
EXCERPT = 16384
"""Characters that an excerpt of a log may have."""


def text(review: Review) -> str:
    """Return the report."""
    return json.dumps(document(review), indent=1) + "\n"


def document(review: Review) -> dict[str, Any]:
    """Return the report as what JSON knows."""
    checkouts, builds, tests = [], [], []
    for side, patches in ((review.baseline, []), (review.candidate, review.patches)):
        inputs = side.run.inputs
        checkout = _checkout(inputs, patches, review.thread.message_id if patches else "")
        build = {
            "id": _id(checkout["id"], inputs.get("kernel config sha256", ""), inputs.get("compiler", "")),
            "checkout_id": checkout["id"],
            "origin": ORIGIN,
            "compiler": inputs.get("compiler", ""),
            "status": "PASS",
        }
        checkouts.append(checkout)
        builds.append(build)
        tests += [*_tests(side.run, build["id"])]
    return {"version": VERSION, "checkouts": checkouts, "builds": builds, "tests": tests}


def _checkout(inputs: dict[str, str], patches: Sequence[str], message_id: str) -> dict[str, Any]:
    whole = hashlib.sha256("".join(f"{one}\n" for one in patches).encode()).hexdigest() if patches else ""
    found: dict[str, Any] = {
        "id": _id(inputs.get("kernel source", ""), inputs.get("kernel", ""), inputs.get("kernel git", ""), whole),
        "origin": ORIGIN,
        "patchset_hash": whole,
        "comment": " ".join(inputs[name] for name in ("kernel", "kernel source") if name in inputs),
        "valid": True,
    }
    if message_id:
        found["message_id"] = message_id.strip("<>")
    if "kernel git" in inputs:
        found["git_commit_name"] = inputs["kernel git"]
    return found


def _tests(run: Run, build: str) -> Iterator[dict[str, Any]]:
    for test in run.tests.values():
        yield {**_test(test), "id": _id(build, test.stage, test.name), "build_id": build, "origin": ORIGIN}
    for figure in run.figures:
        yield {**_figure(figure), "id": _id(build, figure.stage, figure.name), "build_id": build, "origin": ORIGIN}


def _test(test: Test) -> dict[str, Any]:
    infrastructure = test.infrastructure and test.outcome not in ("passed", "skipped")
    found = {
        "path": _path(test.stage, test.name),
        "comment": " ".join(part for part in (test.name, f"known bug {test.known}" if test.known else "") if part),
        "status": "MISS" if infrastructure else STATUS[test.outcome],
        **({"duration": test.seconds} if test.seconds is not None else {}),
    }
    said = "\n".join(part for part in (test.headline, test.reason) if part)
    return found | ({"log_excerpt": said.replace("\0", "?")[-EXCERPT:]} if said else {})


def _figure(figure: Figure) -> dict[str, Any]:
    number = {"value": figure.value, "unit": figure.unit} if figure.unit else {"value": figure.value}
    return {"path": _path(figure.stage, figure.name), "comment": figure.name, "status": "DONE", "number": number}


def _path(stage: str, name: str) -> str:
    """Return a place in the tree of tests: of the stage, the file, the test."""
    parts = re.split(r"::|/", name.removeprefix(f"tests/{stage}/").replace(".py::", "::"))
    return ".".join(re.sub(r"[^A-Za-z0-9_-]+", "_", part).strip("_") for part in (ORIGIN, stage, *parts) if part)


def _id(*parts: str) -> str:
    return f"{ORIGIN}:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"
