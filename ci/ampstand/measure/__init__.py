# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Exact figures: probes that run by themselves, instructions counted at their marks."""
