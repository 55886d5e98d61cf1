# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The tests that come with Linux for its user space (kselftest), from the source of the board's kernel."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from ampstand.build import tools
from ampstand.build.builder import Builder, compiler

FOLDER = "kselftest"


def build(builder: Builder, collections: Sequence[str]) -> Path:
    """Return a folder with ``run_kselftest.sh`` and these collections (``rtc``, ``net/af_unix``, ...), for the board.

    Which of them there are: the folders of ``tools/testing/selftests`` in the source.
    """
    source, arch, cache = builder.sources.get("linux"), builder.arch, builder.cache
    inputs = {
        "source": source.identity,
        "collections": " ".join(collections),
        "architecture": arch.name,
        "compiler": compiler(f"{arch.cross}gcc"),
    }

    def make(scratch: Path) -> None:
        tools.require("make", "rsync", f"{arch.cross}gcc")
        work, log = scratch / "build", cache.logs / "kselftest.log"
        log.unlink(missing_ok=True)
        common = [f"O={work}", f"ARCH={arch.name}", f"CROSS_COMPILE={arch.cross}"]
        work.mkdir()
        with builder.progress.step("kselftest: compiling") as step:
            for folder, what in (
                (source.path, ["headers"]),
                (
                    source.path / "tools/testing/selftests",
                    [
                        f"TARGETS={' '.join(collections)}",
                        "FORCE_TARGETS=1",
                        f"INSTALL_PATH={scratch / FOLDER}",
                        "install",
                    ],
                ),
            ):
                tools.run(
                    ["make", "-s", f"-j{builder.options.jobs}", "-C", str(folder), *common, *what],
                    what="building kselftest",
                    log=log,
                    step=step,
                )
        shutil.rmtree(work)

    return cache.artifact("kselftest", inputs, make, builder.progress) / FOLDER
