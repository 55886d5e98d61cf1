# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Patch series as they come by mail: mailboxes and single patches, in the order in which they are to be applied."""

from __future__ import annotations

import email.header
import email.message
import mailbox
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ampstand.errors import UsageError

_FROM = re.compile(rb"\AFrom \S+ .*\d\d:\d\d:\d\d", re.ASCII)
_NUMBER = re.compile(r"\[[^\]]*?\b(\d+)/(\d+)\]")
_PREFIX = re.compile(r"^(\s*\[[^\]]*\])+\s*")


@dataclass(frozen=True)
class Patch:
    """One patch of a series."""

    path: Path
    """A file that ``patch -p1`` takes."""
    subject: str
    message_id: str = ""


def series(files: Iterable[Path], folder: Path) -> list[Patch]:
    """Return the patches of mailboxes and patch files in their order, written below ``folder``, which must exist.

    A cover letter is left out. Messages of one mailbox that are numbered (``[PATCH 2/5]``) come in the order of their
    numbers. ``UsageError`` names the file in which there is no patch, or one is missing.
    """
    found: list[Patch] = []
    for file in files:
        for subject, message_id, data in _messages(file):
            path = folder / f"{len(found) + 1:04}-{_slug(subject)}.patch"
            path.write_bytes(data)
            found.append(Patch(path, subject, message_id))
    return found


def _messages(file: Path) -> list[tuple[str, str, bytes]]:
    try:
        head = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    if not _FROM.match(head):
        if b"\n+++ " not in head and not head.startswith(b"+++ "):
            raise UsageError(f"{file}: there is no patch in it")
        subject = re.search(rb"^(?:Subject|Bug): *(.+)$", head, re.MULTILINE)
        title = subject[1].decode(errors="replace") if subject else file.stem
        return [(_PREFIX.sub("", title).strip(), "", head)]
    box = mailbox.mbox(file, create=False)
    try:
        entries = [entry for entry in map(_entry, box) if entry is not None]
    finally:
        box.close()
    if not entries:
        raise UsageError(f"{file}: there is no patch in it")
    totals = {entry[0][1] for entry in entries if entry[0] is not None}
    numbers = [entry[0][0] for entry in entries if entry[0] is not None]
    if numbers:
        missing = sorted(set(range(1, max(totals) + 1)) - set(numbers))
        if len(totals) > 1 or len(set(numbers)) != len(numbers) or len(numbers) != len(entries):
            raise UsageError(f"{file}: it holds more than one series", hint="keep one version, as `b4 am` does")
        if missing:
            raise UsageError(f"{file}: patch {', '.join(map(str, missing))} of {max(totals)} is missing")
        entries.sort(key=lambda entry: entry[0] or (0, 0))
    return [(subject, message_id, data) for _number, subject, message_id, data in entries]


def _entry(message: email.message.Message) -> tuple[tuple[int, int] | None, str, str, bytes] | None:
    """Return number, subject, message id and text of a message; None if it is a cover letter or no patch."""
    subject = " ".join(str(email.header.make_header(email.header.decode_header(message["Subject"] or ""))).split())
    body = message.get_payload(decode=True)
    if not isinstance(body, bytes) or b"\n+++ " not in body:
        return None
    match = _NUMBER.search(subject)
    number = (int(match[1]), int(match[2])) if match else None
    return number, _PREFIX.sub("", subject), message["Message-Id"] or "", body


def _slug(subject: str) -> str:
    return re.sub(r"[^\w.]+", "-", subject).strip("-")[:60] or "patch"
