#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for QEMU in the harness's own tests: speaks QMP, and has a real shell where the board's console would be.

``-M`` selects how it behaves: ``good``; ``silent`` never says a prompt; ``dies`` ends with status 3 at once;
``stubborn`` ignores SIGTERM. Its one QOM object, ``/fake``, has the properties that somebody sets, but ``refused``; the
fault ``x-fault-real`` fires as soon as it is set, ``x-fault-idle`` never does. ``$FAKE_SAYS`` is what the remote says
in place of its hello, ``$FAKE_EXIT`` the status with which QEMU ends after it, ``$FAKE_STATE`` the property ``state``;
what is typed on the remote's console comes back.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KERNEL_LOG = """#!/bin/sh
cat "$0.log" 2>/dev/null
rm -f "$0.log"
echo end 0 0
"""


STARTED = threading.Event()
"""The board runs: at once, or after the first "cont" with -S."""


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


def serve_qmp(path: str) -> None:
    """Answer QMP until the harness hangs up."""
    link = connect(path)
    properties: dict[str, Any] = {}

    def send(message: object) -> None:
        link.sendall(json.dumps(message).encode() + b"\r\n")

    send({"QMP": {"version": {"qemu": {"major": 10, "minor": 0, "micro": 0}, "package": ""}, "capabilities": []}})
    for order in orders(link):
        name = order["execute"]
        if name == "query-status":
            answer: dict[str, object] = {"return": {"status": "running", "running": True}}
        elif name in ("qom-get", "qom-set"):
            arguments = order["arguments"]
            answer = qom(name, properties, arguments["property"], arguments.get("value"))
        elif name in ("qmp_capabilities", "stop", "cont", "system_reset"):
            answer = {"return": {}}
        else:
            answer = {"error": {"class": "CommandNotFound", "desc": f"The command {name} has not been found"}}
        send(answer | {"id": order.get("id")})
        if name == "cont":
            STARTED.set()
        if name == "stop":
            send({"event": "STOP", "timestamp": {"seconds": 0, "microseconds": 0}})


def serve_console(path: str) -> None:
    """Say the prompt; once the harness takes the shell over, run a real one on the socket."""
    link = connect(path)
    link.sendall(b"[    0.000000] Booting Linux on physical CPU 0x0\r\nampstand# ")
    received = b""
    while b"3>&1" not in received:
        data = link.recv(4096)
        if not data:
            return
        received += data
    link.sendall(b"ampstand-takes-over\r\n")
    tools = Path(f"{path}.tools")  # goes with the sockets
    tools.mkdir()
    (tools / "kernel-log").write_text(KERNEL_LOG)
    (tools / "kernel-log").chmod(0o755)
    descriptor = link.fileno()
    subprocess.run(
        ["/bin/sh", "-c", f"exec /bin/sh 3>&{descriptor} <&{descriptor} >/dev/null"],
        pass_fds=[descriptor],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        check=False,
    )


def serve_remote(path: str) -> None:
    """Be the remote's console: say something, then echo."""
    link = connect(path)
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
    mode = options["-M"].partition(",")[0]
    if mode == "dies":
        print("fake-qemu: cannot do this", file=sys.stderr)
        sys.exit(3)
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=serve_qmp, args=(options["-qmp"].removeprefix("unix:"),), daemon=True).start()
    if "-S" not in sys.argv:
        STARTED.set()
    remote: list[str] = []
    silent: list[socket.socket] = []
    for number, argument in enumerate(sys.argv):
        if argument == "-chardev":
            fields = dict(field.partition("=")[::2] for field in sys.argv[number + 1].split(","))
            if fields["id"] == "linux" and "-kernel" not in options:
                silent.append(connect(fields["path"]))
            elif fields["id"] == "linux" and mode != "silent":
                threading.Thread(target=serve_console, args=(fields["path"],), daemon=True).start()
            else:
                remote.append(fields["path"])
    for path in remote:
        threading.Thread(target=serve_remote, args=(path,), daemon=True).start()
    signal.pause()


if __name__ == "__main__":
    main()
