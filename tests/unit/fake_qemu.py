#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for QEMU in the harness's own tests: speaks QMP, and has a real shell where the board's console would be.

``-M`` selects how it behaves: ``good``; ``silent`` never says a prompt; ``dies`` ends with status 3 at once;
``stubborn`` ignores SIGTERM. Its one QOM object, ``/fake``, has the properties that somebody sets, but ``refused``; the
fault ``x-fault-real`` fires as soon as it is set, ``x-fault-idle`` never does. ``$FAKE_SAYS`` is what the remote says
in place of its hello, ``$FAKE_EXIT`` the status with which QEMU ends after it, ``$FAKE_STATE`` the property ``state``;
what is typed on the remote's console comes back.

The shell has a command ``say STREAM TEXT``, which returns when the line has been said, and ``will-say``, for a line
that is said when QEMU is told to end. Streams: ``host`` (the kernel, on the console), ``log`` (the kernel, in its log
only), ``m4`` (its console), ``trace`` (its memory), ``qemu`` (standard error), ``guest`` (QEMU's log of the M4's
mistakes), ``qmp`` (an event, as JSON). Machine options: ``says=STREAM:TEXT`` says it during the boot; ``memory=FILE``
is what the memory holds, and ``trace=ADDRESS`` where the trace buffer is in it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOOLS = {
    "kernel-log": """#!/bin/sh
cat "$0.log" 2>/dev/null
rm -f "$0.log"
echo end 0 0
""",
    "say": """#!/bin/sh
here=$(dirname "$0")
echo "$*" >"$here/ask"
read -r _ <"$here/said"
""",
    "will-say": """#!/bin/sh
echo "$*" >>"$(dirname "$0")/last-words"
""",
}
UNFINISHED = 3
"""How often the state is asked for after a migration before it says that the machine may go on."""
MEMORY = 0x10000
"""Bytes of the one memory that there is, at address 0."""


class Voices:
    """Everything that this machine says: each stream by its name."""

    def __init__(self, log: str, memory: bytes, trace_at: int) -> None:
        self._log = log
        self.links: dict[str, socket.socket] = {}
        self.tools = Path()
        self.memory = bytearray(memory.ljust(MEMORY, b"\0"))
        self.trace_at = trace_at

    def say(self, stream: str, text: str) -> None:
        """Say a line."""
        if stream == "host":
            self.links["linux"].sendall(f"[    1.000000] {text}\r\n".encode())
        elif stream == "log":
            with (self.tools / "kernel-log.log").open("a") as log:
                log.write(f"4 1.000000 {text}\n")
        elif stream == "m4":
            self.links["usart3"].sendall(f"{text}\r\n".encode())
        elif stream == "trace":
            data = f"{text}\n".encode()
            self.memory[self.trace_at : self.trace_at + len(data)] = data
            self.trace_at += len(data)
        elif stream == "qemu":
            print(text, file=sys.stderr, flush=True)
        elif stream == "qmp":
            self.links["qmp"].sendall(text.encode() + b"\r\n")
        elif stream == "guest":
            with Path(self._log).open("a") as log:
                log.write(f"<cpu2> {text}\n")

    def serve(self) -> None:
        """Say what the shell asks for."""
        while True:
            with (self.tools / "ask").open() as asked:
                for line in asked:
                    self.say(*line.rstrip("\n").split(" ", 1))
            (self.tools / "said").write_text("done\n")

    def end(self, *_: object) -> None:
        """Say the last words, and go."""
        words = self.tools / "last-words"
        for line in words.read_text().splitlines() if words.exists() else ():
            self.say(*line.split(" ", 1))
        os._exit(0)


STARTED = threading.Event()
"""The board runs: at once, or after the first "cont" with -S or -incoming."""


def connect(path: str) -> socket.socket:
    """Connect to one of the harness's sockets."""
    link = socket.socket(socket.AF_UNIX)
    link.connect(path)
    return link


def orders(link: socket.socket) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects that come; nothing but themselves ends them."""
    text = ""
    while data := link.recv(4096):
        text += data.decode()
        while text:
            try:
                order, end = json.JSONDecoder().raw_decode(text)
            except ValueError:
                break
            text = text[end:].lstrip()
            yield order


def qom(order: str, properties: dict[str, Any], name: str, value: object = None) -> dict[str, Any]:
    """Answer qom-get or qom-set."""
    if name == "refused":
        return {"error": {"class": "GenericError", "desc": "no such property"}}
    if order == "qom-get" and name == "state" and "FAKE_STATE" in os.environ:
        return {"return": os.environ["FAKE_STATE"]}
    if order == "qom-get":
        return {"return": properties.get(name, 0)}
    properties[name] = value
    if name == "x-fault-real" and isinstance(value, int):
        properties[f"{name}-count"] = properties.get(f"{name}-count", 0) + value
    return {"return": {}}


def serve_qmp(path: str, voices: Voices) -> None:
    """Answer QMP until the harness hangs up."""
    link = voices.links["qmp"] = connect(path)
    properties: dict[str, Any] = {}
    unfinished = 0

    def send(message: object) -> None:
        link.sendall(json.dumps(message).encode() + b"\r\n")

    send({"QMP": {"version": {"qemu": {"major": 10, "minor": 0, "micro": 0}, "package": ""}, "capabilities": []}})
    for order in orders(link):
        name = order["execute"]
        if name == "query-status":
            runs = STARTED.is_set() and not unfinished
            status = "finish-migrate" if unfinished else "running" if runs else "paused"
            unfinished = max(0, unfinished - 1)
            answer: dict[str, object] = {"return": {"status": status, "running": runs}}
        elif name == "cont" and unfinished:
            answer = {"error": {"class": "GenericError", "desc": "Migration is not finalized yet"}}
        elif name in ("qom-get", "qom-set"):
            arguments = order["arguments"]
            answer = qom(name, properties, arguments["property"], arguments.get("value"))
        elif name == "query-memory-size-summary":
            answer = {"return": {"base-memory": MEMORY}}
        elif name == "pmemsave":
            where = order["arguments"]
            Path(where["filename"]).write_bytes(voices.memory[where["val"] : where["val"] + where["size"]])
            answer = {"return": {}}
        elif name in ("migrate", "migrate-incoming"):
            state = Path(order["arguments"]["uri"].removeprefix("file:"))
            if name == "migrate":
                state.write_text("the state of a machine")
                unfinished = UNFINISHED
            answer = {"return": {}} if state.exists() else {"error": {"class": "GenericError", "desc": f"no {state}"}}
        elif name in ("migrate-set-capabilities", "qmp_capabilities", "stop", "cont", "system_reset"):
            answer = {"return": {}}
        else:
            answer = {"error": {"class": "CommandNotFound", "desc": f"The command {name} has not been found"}}
        send(answer | {"id": order.get("id")})
        if name == "cont":
            STARTED.set()
        if name == "stop":
            send({"event": "STOP", "timestamp": {"seconds": 0, "microseconds": 0}})
        if name.startswith("migrate") and "uri" in order["arguments"]:
            when = {"seconds": 0, "microseconds": 0}
            send({"event": "MIGRATION", "data": {"status": "completed"}, "timestamp": when})


def boot(link: socket.socket, voices: Voices, says: str) -> bool:
    """Say the prompt; return whether the harness took the shell over."""
    link.sendall(b"[    0.000000] Booting Linux on physical CPU 0x0\r\n")
    if says:
        voices.say(*says.split(":", 1))
    link.sendall(b"ampstand# ")
    received = b""
    while b"3>&1" not in received:
        data = link.recv(4096)
        if not data:
            return False
        received += data
    link.sendall(b"ampstand-takes-over\r\n")
    return True


def serve_console(path: str, voices: Voices, says: str) -> None:
    """Boot, or go on from where another has booted to: run a real shell on the socket."""
    link = voices.links["linux"]
    tools = voices.tools = Path(f"{path}.tools")  # goes with the sockets
    tools.mkdir()
    for name, script in TOOLS.items():
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    os.mkfifo(tools / "ask")
    os.mkfifo(tools / "said")
    threading.Thread(target=voices.serve, daemon=True).start()
    if "-incoming" not in sys.argv and not boot(link, voices, says):
        return
    descriptor = link.fileno()
    subprocess.run(
        ["/bin/sh", "-c", f"exec /bin/sh 3>&{descriptor} <&{descriptor} >/dev/null"],
        pass_fds=[descriptor],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        check=False,
    )


def serve_remote(link: socket.socket) -> None:
    """Be the remote's console: say something, then echo."""
    STARTED.wait()
    link.sendall(os.environ.get("FAKE_SAYS", "remote says hello\n").encode())
    if "FAKE_EXIT" in os.environ:
        link.close()
        os._exit(int(os.environ["FAKE_EXIT"]))
    while data := link.recv(4096):
        link.sendall(data)


def main() -> None:
    """Read the options as QEMU would, as far as they matter here."""
    options = dict(zip(sys.argv[1:], sys.argv[2:], strict=False))
    mode, *properties = options["-M"].split(",")
    settings = dict(entry.partition("=")[::2] for entry in properties)
    if mode == "refuses":  # as QEMU does a file that is none: its sockets are connected by then
        connect(options["-qmp"].removeprefix("unix:")).close()
        time.sleep(0.3)
    if mode in ("dies", "refuses"):
        print("fake-qemu: cannot do this", file=sys.stderr)
        sys.exit(3)
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    memory = Path(settings["memory"]).read_bytes() if "memory" in settings else b""
    voices = Voices(options["-D"], memory, int(settings.get("trace", "0"), 0))
    if mode != "stubborn":
        signal.signal(signal.SIGTERM, voices.end)
    if not {"-S", "-incoming"} & set(sys.argv):
        STARTED.set()
    paths: dict[str, str] = {}
    for number, argument in enumerate(sys.argv):
        if argument == "-chardev":
            fields = dict(field.partition("=")[::2] for field in sys.argv[number + 1].split(","))
            paths[fields["id"]] = fields["path"]
    console = paths.pop("linux")
    for name, path in paths.items():  # before Linux boots, which may make the remote say something
        voices.links[name] = connect(path)
        threading.Thread(target=serve_remote, args=(voices.links[name],), daemon=True).start()
    voices.links["linux"] = connect(console)  # before QMP answers, as QEMU does
    if mode != "silent" and "-kernel" in options:
        arguments = (console, voices, settings.get("says", ""))
        threading.Thread(target=serve_console, args=arguments, daemon=True).start()
    serve_qmp(options["-qmp"].removeprefix("unix:"), voices)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
