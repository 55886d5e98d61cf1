# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Makes ``python -m ampstand`` work."""

import sys

from ampstand.cli import main

if __name__ == "__main__":
    sys.exit(main())
