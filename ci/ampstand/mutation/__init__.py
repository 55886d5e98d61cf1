# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Mutants of C: small mechanical bugs, all of a set of files in one build, one of them switched on at a time."""
