# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Faults that the machine model makes on demand: injected over QMP, proven to have fired, taken back."""

from __future__ import annotations

from dataclasses import dataclass

from ampstand.board import Fault
from ampstand.errors import TestsFailed, UsageError
from ampstand.qemu.machine import Machine, QmpRefusedError


@dataclass
class Injected:
    """A fault that is on, or was."""

    machine: Machine
    name: str
    fault: Fault
    fired_before: int

    def fired(self) -> int:
        """Return how often it happened since it was injected."""
        return self._count() - self.fired_before

    def end(self) -> None:
        """Let the model work again. What the fault has left behind stays."""
        _set(self.machine, self.fault, self.fault.property, self.fault.off)

    def _count(self) -> int:
        return _count(self.machine, self.fault)


class Faults:
    """What one scenario injects. ``finish()`` ends all of it, and fails for each that never happened."""

    def __init__(self, machine: Machine | None = None) -> None:
        """Inject into this machine, unless ``inject()`` is given another."""
        self._machine = machine
        self._injected: list[Injected] = []

    def inject(
        self, name: str, value: int | str | None = None, *, into: Machine | None = None, **settings: int
    ) -> Injected:
        """Turn a fault on: ``value`` says how often, or where, it is to happen; left out, what the board's file says.

        ``settings`` are further properties of the same object, by their name without ``x-fault-``, set before; an
        ``address`` is one of the host's.
        """
        machine = into or self._machine
        if machine is None:
            raise UsageError("no machine to inject a fault into: use inject(..., into=machine)")
        fault = machine.board.faults.get(name)
        if fault is None:
            known = ", ".join(sorted(machine.board.faults)) or "none"
            raise UsageError(f"{machine.board.name} has no fault {name!r}", hint=f"it has: {known}")
        for key, fixed in fault.settings.items():
            _set(machine, fault, key, fixed)
        for key, setting in settings.items():
            moved = setting - fault.base if key == "address" else setting
            _set(machine, fault, f"x-fault-{key.replace('_', '-')}", moved)
        injected = Injected(machine, name, fault, _count(machine, fault))
        self._injected.append(injected)
        _set(machine, fault, fault.property, fault.on if value is None else value)
        machine.records.note(f"fault {name} injected")
        return injected

    def finish(self) -> None:
        """End every fault; fail if one did not fire."""
        silent: list[Injected] = []
        for injected in self._injected:
            if injected.machine.alive:
                if not injected.fired():
                    silent.append(injected)
                injected.end()
        if silent:
            names = ", ".join(injected.name for injected in silent)
            raise TestsFailed(
                f"injected, but never happened: {names}: the scenario proves nothing",
                hint=silent[0].machine.diagnosis(),
            )


def _count(machine: Machine, fault: Fault) -> int:
    return int(machine.qmp("qom-get", path=fault.path, property=f"{fault.property}-count"))


def _set(machine: Machine, fault: Fault, name: str, value: int | str) -> None:
    try:
        machine.qmp("qom-set", path=fault.path, property=name, value=value)
    except QmpRefusedError as error:
        raise UsageError(f"{fault.path} does not take {name}={value!r}: {error.message}") from error
