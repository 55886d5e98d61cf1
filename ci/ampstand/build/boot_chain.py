# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What runs on the host before Linux does, where the machine model does not start Linux by itself."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from ampstand.build import tools
from ampstand.errors import InfrastructureError
from ampstand.progress import Progress

IMAGE = "bl31.elf"


def make_tf_a(
    source: Path, options: Mapping[str, str], cross: str, jobs: int, scratch: Path, log: Path, progress: Progress
) -> None:
    """Build BL31 from TF-A's source, which stays as it is, into the folder ``scratch``.

    ``options`` are those of TF-A's ``make`` (``PLAT``); ``cross`` is the prefix of the compiler's programs.
    """
    tools.require("make", f"{cross}gcc")
    work = scratch / "build"
    words = [f"{name}={value}" for name, value in options.items()]
    log.unlink(missing_ok=True)
    with progress.step("TF-A: compiling") as step:
        tools.run(
            ["make", "-C", source, f"BUILD_BASE={work}", f"CROSS_COMPILE={cross}", *words, f"-j{jobs}", "bl31"],
            what="building TF-A",
            log=log,
            step=step,
        )
    found = sorted(work.rglob(IMAGE))
    if not found:
        raise InfrastructureError(f"TF-A's build left no {IMAGE} in {work}")
    found[0].rename(scratch / IMAGE)
    shutil.rmtree(work)
