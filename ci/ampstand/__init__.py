# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Ampstand: boots Linux and an RTOS together on QEMU models of heterogeneous SoCs, and tests them."""

__version__ = "0.1.0"
