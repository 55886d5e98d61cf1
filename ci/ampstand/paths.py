# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Where things stand: the project's checkout, the user's cache folder, the records of runs."""

from __future__ import annotations

import os
from pathlib import Path

from ampstand.errors import InfrastructureError

_PACKAGE = Path(__file__).resolve().parent
INSTALLED = (_PACKAGE / "share").is_dir()
"""Whether this is an installed package, not a checkout."""
ROOT = _PACKAGE / "share" if INSTALLED else _PACKAGE.parents[1]
"""The project's checkout, or what an installed package carries of it (``force-include`` in ``pyproject.toml``)."""

CONFIGS = ROOT / "configs"


def cache_root() -> Path:
    """Return the cache folder: ``$AMPSTAND_CACHE``, else ``$XDG_CACHE_HOME/ampstand``, else ``~/.cache/ampstand``.

    Without HOME the home folder is the one of the user's account; InfrastructureError when that has none either.
    """
    own = os.environ.get("AMPSTAND_CACHE")
    if own:
        return Path(own).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "ampstand"
    except RuntimeError as error:
        hint = "set AMPSTAND_CACHE to a folder of yours"
        raise InfrastructureError("there is no home folder to keep the cache in", hint=hint) from error


def records_root() -> Path:
    """Return the folder that holds one sub-folder a run: ``$AMPSTAND_RECORDS``, else ``records`` in the checkout.

    An installed package has no checkout: then it is ``records`` where it is called from.
    """
    own = os.environ.get("AMPSTAND_RECORDS")
    return Path(own).absolute() if own else (Path.cwd() if INSTALLED else ROOT) / "records"
