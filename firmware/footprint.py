#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Measure the firmware: sections, and worst-case stack from the call graph.

The compiler writes one call graph with stack use a function (-fcallgraph-info=su) for each
object file; the ELF says which functions are in an image. What a call through a pointer
can reach stands in the configuration, and a function that the configuration does not
account for is an error, so that the bound stays one.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

FRAME = 36  # an exception pushes 32 bytes, and 4 to align
CONTEXT = 32  # r4 to r11, which FreeRTOS pushes onto a task's stack

NODE = re.compile(r'^node: \{ title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
STACK = re.compile(r"(\d+) bytes \(([^)]*)\)")


class FootprintError(Exception):
    """The image cannot be measured, or is too large."""


def run(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Graph:
    """The calls among the functions of one image."""

    def __init__(self, live: set[str], calls: dict[str, list[str]]) -> None:
        """Begin with the names of the functions in the image."""
        self.live = live
        self.indirect = calls
        self.frame: dict[str, int] = {}
        self.targets: dict[str, set[str]] = {}

    def read(self, path: Path) -> None:
        """Add the call graph of one object file."""
        for line in path.read_text().splitlines():
            if node := NODE.match(line):
                name = node[1].rsplit(":", 1)[-1]
                stack = STACK.search(node[2])
                if stack and name in self.live:
                    if "dynamic" in stack[2] and "bounded" not in stack[2]:
                        raise FootprintError(f"{name}: unbounded stack")
                    self.frame[name] = max(self.frame.get(name, 0), int(stack[1]))
            elif edge := EDGE.match(line):
                source, target = (end.rsplit(":", 1)[-1] for end in edge.groups())
                if source not in self.live:
                    continue
                found = self.targets.setdefault(source, set())
                if target == "__indirect_call" and source not in self.indirect:
                    raise FootprintError(f"{source}: unknown call through a pointer")
                if target in self.live:  # not so what the other system's function of the source's name calls
                    found.add(target)
        for source, names in self.indirect.items():
            if source in self.live:
                self.targets.setdefault(source, set()).update(set(names) & self.live)

    def depth(self, name: str, above: tuple[str, ...] = ()) -> int:
        """Return the most stack that a call of a function can need."""
        if name in above:
            raise FootprintError("recursion: " + " -> ".join((*above, name)))
        if name not in self.frame:
            raise FootprintError(f"{name}: no stack figure")
        inner = (self.depth(target, (*above, name)) for target in self.targets.get(name, ()))
        return self.frame[name] + max(inner, default=0)

    def uncalled(self) -> set[str]:
        """Return the functions that no other one calls."""
        return set(self.frame) - {t for found in self.targets.values() for t in found}


def sections(size: str, path: Path) -> dict[str, int]:
    """Return the sizes of an ELF's or archive's sections, summed by kind."""
    total = {"vectors": 0, "text": 0, "rodata": 0, "data": 0, "bss": 0, "table": 0, "stack": 0}
    kinds = {"resource_table": "table"}
    for line in run(size, "-A", str(path)).splitlines():
        if match := re.match(r"\.(\w+)\S*\s+(\d+)", line):
            kind = kinds.get(match[1], match[1])
            if kind in total:
                total[kind] += int(match[2])
    return total


def measure(elf: Path, graphs: list[Path], tools: argparse.Namespace, config: Any) -> Any:
    """Return the figures of one image."""
    symbols = [line.split() for line in run(tools.nm, "-S", str(elf)).splitlines()]
    live = {s[-1] for s in symbols if s[-2] in "tTwW"}
    sizes = {s[3].split(".")[0]: int(s[1], 16) for s in symbols if len(s) == 4}
    graph = Graph(live, config["calls"])
    for path in graphs:
        graph.read(path)
    graph.frame |= {name: bytes_ for name, bytes_ in config.get("assembly", {}).items() if name in live}
    entries = config["entries"]

    def deepest(names: Any) -> int:
        return max((graph.depth(n) + FRAME for n in names if n in graph.frame), default=0)

    tasks = {n: s for n, s in entries["tasks"].items() if s in sizes and n in graph.frame}
    known = {n for group in entries.values() for n in group}
    kernel = {n for n in graph.frame if n.startswith(("prv", "v", "x", "ux", "pv", "pc"))}
    if strays := graph.uncalled() - known - kernel:
        raise FootprintError(f"{elf.name}: nobody calls {', '.join(sorted(strays))}")
    thread = deepest(entries["main"]) - FRAME
    nested = deepest(entries["interrupts"]) + deepest(entries["kernel"])
    faults = deepest(entries["faults"])
    # FreeRTOS gives the start-up code's stack to its interrupts.
    need = (max(thread, nested) if tasks else thread + nested) + faults
    found = sections(tools.size, elf)
    stacks = {"main": {"worst": need, "size": found["stack"]}}
    for name, stack in tasks.items():
        worst = graph.depth(name) + FRAME + CONTEXT
        stacks[name] = {"worst": worst, "size": sizes[stack]}
    for name, stack_use in stacks.items():
        if stack_use["worst"] > stack_use["size"]:
            raise FootprintError(f"{elf.name}: stack {name} of {stack_use['size']} bytes needs {stack_use['worst']}")
    return {
        "text": found["vectors"] + found["text"],
        "rodata": found["rodata"],
        "data": found["data"],
        "bss": found["bss"],
        "resource_table": found["table"],
        "stack_reserved": found["stack"],
        "worst_stack": sum(s["worst"] for s in stacks.values()),
        "stacks": stacks,
        "flash": sum(found[k] for k in ("vectors", "text", "rodata", "data")),
        "ram": sum(found[k] for k in ("data", "bss", "table", "stack")),
    }


def check(result: Any, budget: Any) -> list[str]:
    """Return what is over its budget."""
    images = budget["image"]
    bounds = [("lib", result["lib"], budget["lib"])]
    for name, image in result["images"].items():
        bounds.append((name, image, images.get(name, images[name.rsplit("-", 1)[1]])))
    return [
        f"{name}: {kind} {figures[kind]} bytes, budget {limit[kind]}"
        for name, figures, limit in bounds
        for kind in ("flash", "ram")
        if figures[kind] > limit[kind]
    ]


def main() -> int:
    """Measure and write the figures, or check those written before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, action="append", required=True, help="several: tables are joined")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--check", action="store_true", help="compare the output with the budget")
    parser.add_argument("--size", default="size")
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--flags", default="")
    parser.add_argument("--compiler", default="", help="its name and version, to be noted")
    parser.add_argument("--lib", type=Path)
    parser.add_argument("--common", type=Path, action="append", default=[])
    parser.add_argument("images", type=Path, nargs="*")
    args = parser.parse_args()
    config: dict[str, Any] = {}
    for path in args.config:
        for table, values in tomllib.loads(path.read_text()).items():
            config.setdefault(table, {}).update(values)
    if args.check:
        over = check(json.loads(args.output.read_text()), config["budget"])
        print("\n".join(over) or "all within budget")
        return 1 if over else 0

    def objects(target: Path) -> list[Path]:
        return sorted(target.with_name(target.name + ".p").glob("*.ci"))

    try:
        images = {}
        for elf in args.images:
            system = elf.stem.rsplit("-", 1)[1]
            libs = [lib for lib in args.common if lib.parent.name in ("remote", system)]
            libs += [lib for lib in args.common if lib.stem == "lib" + system]
            graphs = [ci for target in (elf, args.lib, *libs) for ci in objects(target)]
            images[elf.stem] = measure(elf, sorted(set(graphs)), args, config)
        lib = sections(args.size, args.lib)
        flash = lib["text"] + lib["rodata"] + lib["data"]
        others = ", ".join(f"{name} {size}" for name, size in config["reference"].items())
        summary = f"library alone {flash} bytes of flash ({others})"
        result = {
            "compiler": args.compiler,
            "flags": args.flags,
            "summary": summary,
            "lib": {**lib, "flash": flash, "ram": lib["data"] + lib["bss"]},
            "reference": config["reference"],
            "images": images,
        }
    except FootprintError as error:
        print(f"footprint: {error}", file=sys.stderr)
        return 1
    args.output.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
