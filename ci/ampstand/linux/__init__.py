# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux as a user drives it: shell, remoteproc, rpmsg, memory."""
