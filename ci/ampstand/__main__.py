# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Makes ``python -m ampstand`` work."""

import sys

if __name__ == "__main__":
    try:
        from ampstand.cli import main

        code = main()
    except KeyboardInterrupt:  # before or after a command was at work
        print("ampstand: interrupted; the next call goes on from here", file=sys.stderr)
        code = 130
    sys.exit(code)
