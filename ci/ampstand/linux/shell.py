# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The Linux shell behind a serial console.

``Shell`` has the methods of labgrid's ``CommandProtocol``. labgrid's own ``ShellDriver`` is not used: it takes kernel
messages that arrive in the middle of a command's output for a part of it, and it logs in by sleeping and trying again.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import re
import shlex
import time
from collections.abc import Callable
from typing import NamedTuple

from ampstand.errors import TestsFailed, UsageError
from ampstand.formats.kernel_log import BOOT_MESSAGE
from ampstand.qemu.console import Console

PROMPT = "ampstand# "
LINE_LIMIT = 4000  # a terminal line in canonical mode holds 4095 bytes
PORTION = 3000
"""How much of a file goes into one command."""


class Result(NamedTuple):
    """What a command left: the shape of labgrid's ``CommandProtocol.run()``."""

    stdout: list[str]
    stderr: list[str]
    exitcode: int

    @property
    def output(self) -> str:
        """Everything it printed, standard error included, without the last line end."""
        return "\n".join(self.stdout)


class Background(NamedTuple):
    """A command that runs on while other commands do."""

    name: str
    command: str


class Shell:
    """Linux, driven through the shell on its console as on a real board."""

    def __init__(
        self, console: Console, *, timeout: float, boot_timeout: float, note: Callable[[str], None] = lambda text: None
    ) -> None:
        """Use the shell on ``console``; times are in seconds, ``note`` takes each command for the records."""
        self.console = console
        self._note = note
        self._timeout = timeout
        self._boot_timeout = boot_timeout
        self._number = itertools.count(1)
        self._logged_in = False
        self.may_reset = False
        """Whether Linux may have the board reset: it is about to go, or is a user's."""
        self.runs = ""
        """The command whose end has not come yet, also when nobody waits for it any more."""
        self.prompt_at = 0.0
        """``time.monotonic()`` of the last prompt that was waited for."""

    def login(self, timeout: float | None = None) -> None:
        """Wait for the prompt and put a shell there that neither prompts nor echoes.

        A shell is silent when its output is no terminal: it gets the terminal as descriptor 3. Without ``onlcr`` what
        programs print is told from what the kernel prints.
        """
        timeout = self._boot_timeout if timeout is None else timeout
        self.console.expect(re.escape(PROMPT), timeout, "the shell prompt")
        self.prompt_at = time.monotonic()
        self.console.sendline("stty -echo -onlcr; echo am''pstand-takes-over; /bin/sh 3>&1 >/dev/null")
        self.console.expect(r"ampstand-takes-over\n", self._timeout, "the shell to be taken over")
        self._logged_in, self.may_reset, self.runs = True, False, ""
        self.run_check("true")

    def adopt(self) -> None:
        """Go on with the shell that another process logged in to, in a restored machine."""
        self._logged_in = True
        self.console.sendline("")
        self.run_check("true", reason="the restored shell to answer")

    def lost(self) -> None:
        """Take note that Linux is gone, or about to go: the shell cannot be used before the next ``login()``."""
        self._logged_in, self.may_reset = False, True

    def reboot(self) -> None:
        """Reboot Linux and log in again."""
        mark = self.console.mark()
        self.lost()
        self.console.sendline("reboot")
        self.console.expect_line(BOOT_MESSAGE, since=mark, timeout=self._boot_timeout, what="Linux to boot again")
        self.login()

    def hand_over(self) -> None:
        """Give the console to a person: prompt and echo are back."""
        self.console.sendline("stty echo onlcr; exit")
        self.lost()

    def interrupt(self) -> None:
        """End what runs on the console by ^C, and log in anew."""
        self._logged_in = False
        self.console.forget()
        self.console.sendcontrol("c")
        self.login(self._timeout)

    def run(self, command: str, timeout: float | None = None, *, reason: str = "") -> Result:
        """Run a command; return what it printed and its exit code. ``reason`` says what a wait that fails was for."""
        number = next(self._number)
        text = f"{{ echo '<<'{number}:; {{ {command}\n}} </dev/null 2>&1; printf '\\n:%d:%d>>\\n' $? {number}; }} >&3"
        if any(len(line) > LINE_LIMIT for line in text.split("\n")):
            raise UsageError(f"a console takes no command line of more than {LINE_LIMIT} bytes: {command[:60]}...")
        self._note(f"host $ {command}")
        self.runs = command
        self.console.sendline(text)
        match = self.console.expect(
            rf"<<{number}:\n(.*?)\n:(\d+):{number}>>\n",
            self._timeout if timeout is None else timeout,
            reason or f"the end of the command `{command}`",
        )
        self.runs = ""
        return Result(match[1].removesuffix("\n").split("\n") if match[1] else [], [], int(match[2]))

    def run_quietly(self, command: str, awaited: Callable[[], object]) -> Result:
        """Run a command while ``awaited`` waits for what others say on the console; return what it printed.

        The shell is silent meanwhile: its own line has left the console before the command begins, and the next one
        comes when ``awaited`` has returned, which the shell is told by an empty line.
        """
        number, kept = next(self._number), "/tmp/quiet.out"
        self._note(f"host $ {command}")
        self.runs = command
        self.console.sendline(
            f"echo '>>'{number}: >&3; stty -echo <&3; "
            f"{{ {command}\n}} </dev/null >{kept} 2>&1; quiet=$?; read -r line; "
            f"{{ echo '<<'{number}:; cat {kept}; printf '\\n:%d:%d>>\\n' $quiet {number}; }} >&3"
        )
        try:
            awaited()
        finally:
            self.console.sendline("")
        match = self.console.expect(
            rf"<<{number}:\n(.*?)\n:(\d+):{number}>>\n", self._timeout, f"the end of the command `{command}`"
        )
        self.runs = ""
        return Result(match[1].removesuffix("\n").split("\n") if match[1] else [], [], int(match[2]))

    def run_check(self, command: str, timeout: float | None = None, *, reason: str = "") -> list[str]:
        """Run a command that must succeed; return its lines."""
        result = self.run(command, timeout, reason=reason)
        if result.exitcode:
            raise TestsFailed(f"`{command}` on the host ended with {result.exitcode}: {result.output or 'no output'}")
        return result.stdout

    def text(self, command: str, timeout: float | None = None, *, reason: str = "") -> str:
        """Run a command that must succeed; return what it printed as one text."""
        return "\n".join(self.run_check(command, timeout, reason=reason))

    def put(self, path: str, data: bytes) -> None:
        """Write a file on the board, unless it is there with the same contents."""
        quoted, digest = shlex.quote(path), hashlib.sha256(data).hexdigest()
        if self.run(f"echo '{digest}  {path}' | sha256sum -c >/dev/null 2>&1").exitcode == 0:
            return
        text = base64.b64encode(gzip.compress(data, mtime=0)).decode()
        self.run_check(f"rm -f {quoted}.64")
        for at in range(0, len(text), PORTION):
            self.run_check(f"echo {text[at : at + PORTION]} >>{quoted}.64", reason=f"{path} to be written")
        self.run_check(f"base64 -d {quoted}.64 | gunzip >{quoted} && rm {quoted}.64", reason=f"{path} to be unpacked")

    def start(self, name: str, command: str) -> Background:
        """Start a command in the background; its output and exit code are kept in the board's /tmp.

        It is not left a child of the console's shell: a child's end is a signal, and busybox' shell loses what it is
        writing to the console when one comes.
        """
        quoted = shlex.quote(f"( {command} ); echo $? >/tmp/{name}.code.new; mv /tmp/{name}.code.new /tmp/{name}.code")
        self.run_check(f"rm -f /tmp/{name}.*; ( /bin/sh -c {quoted} >/tmp/{name}.out 2>&1 3>&- & )")
        return Background(name, command)

    def finish(self, job: Background, timeout: float | None = None) -> Result:
        """Wait until a background command has ended; return what it printed."""
        code, out = f"/tmp/{job.name}.code", f"/tmp/{job.name}.out"
        self.run_check(
            f"until [ -e {code} ]; do sleep 0.01; done",
            timeout,
            reason=f"the end of the background command `{job.command}`",
        )
        return Result(self.run_check(f"cat {out}"), [], int(self.text(f"cat {code}")))

    def get_status(self) -> int:
        """1 while the shell can be used, else 0."""
        return int(self._logged_in)

    def wait_for(self, cmd: str, pattern: str, timeout: float = 30.0) -> None:
        """Repeat a command on the board until its output matches the extended regular expression."""
        self.run_check(
            f"until ( {cmd} ) 2>&1 | grep -qE {shlex.quote(pattern)}; do sleep 0.02; done",
            timeout,
            reason=f"`{cmd}` to print {pattern!r}",
        )
