# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""One QEMU process: its machine, consoles, QMP, faults."""
