# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Malformed firmware for remoteproc: named cases with what Linux does with each, and a seeded mutator.

``cases`` is the one table of what is tried and what comes of it, ``generator`` makes the files from a good image
of ours, ``oracle`` tells which known bugs of Linux a file hits, ``mutants`` makes random faults. As a program it writes
the files of the cases into a folder, for trials by hand or on a real board.
"""
