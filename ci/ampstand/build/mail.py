# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Patch series as they come by mail: mailboxes and single patches, in the order in which they are to be applied."""

from __future__ import annotations

import email.header
import email.message
import gzip
import mailbox
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ampstand.errors import UsageError

_FROM = re.compile(rb"\AFrom \S+ .*\d\d:\d\d:\d\d", re.ASCII)
_NUMBER = re.compile(r"\[[^\]]*?\b(\d+)/(\d+)\]")
_VERSION = re.compile(r"\[[^\]]*?\bv(\d+)\b", re.IGNORECASE)
_PREFIX = re.compile(r"^(\s*\[[^\]]*\])+\s*")
_BASE = re.compile(rb"^base-commit: ([0-9a-f]{7,40})\r?$", re.MULTILINE)
_GZIP = b"\x1f\x8b"


class Mail(NamedTuple):
    """A mail that can be answered."""

    message_id: str = ""
    """Empty: there was no mail."""
    subject: str = ""
    """As it came, with what is in brackets."""


@dataclass(frozen=True)
class Patch:
    """One patch of a series."""

    path: Path
    """A file that ``git apply`` takes."""
    subject: str
    thread: Mail = field(default_factory=Mail)
    """What to answer: the cover letter, or the first patch of a series without one."""
    base: str = ""
    """The commit that its mailbox says it is for (``base-commit:``)."""


class _Mail(NamedTuple):
    """A message of a mailbox."""

    number: tuple[int, int] | None
    version: int
    mail: Mail
    text: bytes

    @property
    def is_cover(self) -> bool:
        """Whether it comes before the patches of a series."""
        return self.number is not None and self.number[0] == 0

    @property
    def subject(self) -> str:
        """The subject of the patch."""
        return _PREFIX.sub("", self.mail.subject).strip()


def series(files: Iterable[Path], folder: Path, tell: Callable[[str], None] = lambda _: None) -> list[Patch]:
    """Return the patches of mailboxes and patch files in their order, written below ``folder``, which must exist.

    A cover letter and answers are left out. Messages of one mailbox that are numbered (``[PATCH 2/5]``) come in the
    order of their numbers; of several versions the last is taken, and ``tell`` is told so. A file may be compressed by
    gzip. ``UsageError`` names the file in which there is no patch, or one is missing.
    """
    found: list[Patch] = []
    for file in files:
        try:
            data = file.read_bytes()
            data = gzip.decompress(data) if data.startswith(_GZIP) else data
        except (OSError, EOFError) as error:
            raise UsageError(f"cannot read {file}: {getattr(error, 'strerror', '') or error}") from error
        base = _BASE.findall(data)[-1:]
        thread, mails = _mails(file, data, tell) if _FROM.match(data) else (Mail(), [_plain(file, data)])
        for mail in mails:
            path = folder / f"{len(found) + 1:04}-{_slug(mail.subject)}.patch"
            path.write_bytes(mail.text.replace(b"\r\n", b"\n"))
            found.append(Patch(path, mail.subject, thread, base[0].decode() if base else ""))
    return found


def _plain(file: Path, data: bytes) -> _Mail:
    """Return what is a patch, and no mail."""
    if not _is_patch(data):
        raise UsageError(f"{file}: there is no patch in it")
    subject = re.search(rb"^(?:Subject|Bug): *(.+)$", data, re.MULTILINE)
    title = subject[1].decode(errors="replace") if subject else file.stem
    return _Mail(None, 1, Mail("", title), data)


def _mails(file: Path, data: bytes, tell: Callable[[str], None]) -> tuple[Mail, list[_Mail]]:
    """Return the patches of one series in a mailbox, in their order, and which mail to answer."""
    with tempfile.NamedTemporaryFile() as plain:
        plain.write(data)
        plain.flush()
        box = mailbox.mbox(plain.name, create=False)
        every = [mail for mail in map(_mail, box) if mail is not None]
        box.close()
    found = [mail for mail in every if _is_patch(mail.text) and not mail.is_cover]
    if not found:
        raise UsageError(f"{file}: there is no patch in it")
    versions = sorted({mail.version for mail in found})
    if len(versions) > 1:
        tell(f"{file} holds versions {', '.join(map(str, versions))} of a series; version {versions[-1]} is taken")
        found = [mail for mail in found if mail.version == versions[-1]]
    totals = {mail.number[1] for mail in found if mail.number is not None}
    numbers = [mail.number[0] for mail in found if mail.number is not None]
    if numbers:
        if len(totals) > 1 or len(set(numbers)) != len(numbers) or len(numbers) != len(found):
            raise UsageError(f"{file}: it holds more than one series", hint="keep one, as `b4 am` does")
        if missing := sorted(set(range(1, max(totals) + 1)) - set(numbers)):
            raise UsageError(f"{file}: patch {', '.join(map(str, missing))} of {max(totals)} is missing")
        found.sort(key=lambda mail: mail.number or (0, 0))
    cover = [mail for mail in every if mail.is_cover and mail.version == versions[-1]]
    return (*cover, *found)[0].mail, found


def _mail(message: email.message.Message) -> _Mail | None:
    """Return a message that may be of a series; None if it is an answer."""
    subject = " ".join(str(email.header.make_header(email.header.decode_header(message["Subject"] or ""))).split())
    bodies = [part.get_payload(decode=True) for part in message.walk() if part.get_content_maintype() == "text"]
    text = b"".join(body for body in bodies if isinstance(body, bytes))
    if re.match(r"(re|aw|fwd?):", subject, re.IGNORECASE):
        return None
    number, version = _NUMBER.search(subject), _VERSION.search(subject)
    return _Mail(
        (int(number[1]), int(number[2])) if number else None,
        int(version[1]) if version else 1,
        Mail(message["Message-Id"] or "", subject),
        text,
    )


def _is_patch(text: bytes) -> bool:
    return re.search(rb"^(\+\+\+ |diff --git )", text, re.MULTILINE) is not None


def _slug(subject: str) -> str:
    return re.sub(r"[^\w.]+", "-", subject).strip("-")[:60] or "patch"
