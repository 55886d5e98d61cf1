# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Turns sources and configuration into artifacts, kept in the user's cache folder."""
