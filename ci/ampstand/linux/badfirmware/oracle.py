# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Which known bugs of Linux a file hits."""

from __future__ import annotations

from ampstand.linux import loader
from ampstand.linux.badfirmware.cases import BUGS
from ampstand.linux.badfirmware.generator import Target
from ampstand.linux.known_bugs import KnownBug


def known_bugs(data: bytes, target: Target) -> set[KnownBug]:
    """Return the known bugs of Linux that a file hits.

    One may be named too many, when Linux refuses the file before it comes to that; none too few.
    """
    return {BUGS[finding.bug] for finding in loader.linux(data, target.regions, target.bits) if finding.bug}
