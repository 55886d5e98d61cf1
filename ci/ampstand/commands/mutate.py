# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand mutate``: whether tests see small mechanical bugs in Linux, the firmware's library or device models.

All mutants of the files go into one build, each behind a switch (``ampstand.mutation``). A mutant is tried with the
tests that execute it, up to the first that fails. What is known of a mutant is appended to ``mutants.jsonl`` in the
records folder at once, and a run with the same folder goes on from there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from rich.console import Console

from ampstand.build import git
from ampstand.build.builder import Builder
from ampstand.commands import programs
from ampstand.commands.given import records_folder
from ampstand.commands.mutated import TARGETS, CompilerRefused, Judged, Target, difference
from ampstand.commands.programs import Ended
from ampstand.commands.test import shard, workers
from ampstand.errors import InfrastructureError, NothingRan, TestsFailed, UsageError
from ampstand.mutation import operators, schemata, verdicts
from ampstand.mutation.schemata import File, Mutant
from ampstand.mutation.verdicts import (
    BROKEN,
    CAUGHT,
    EQUIVALENT,
    NEVER,
    SURVIVED,
    UNBUILT,
    Record,
    Verdict,
    grade,
)
from ampstand.progress import Progress
from ampstand.report import mutation_forms as forms
from ampstand.report.patch_lines import numbers as changed_lines

DECLARED = "configs/equivalent-mutants.toml"
BATCH = 8
"""Mutants for each worker between two looks at which tests have caught most."""
WELL = 2
"""The grade of a message from which on it says where to look."""
ROUNDS = 60
"""Builds after which mutants that do not compile must have been found."""
WIDTH = 160
SHOWN = 40
"""Survivors that are told on the terminal; the other forms have all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mutate``."""
    parser.add_argument("target", choices=tuple(TARGETS), help="what is mutated")
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="of its tree, also as patterns (default: the AMP code)"
    )
    parser.add_argument("--list", action="store_true", help="show the mutants, and end")
    parser.add_argument(
        "--patch", default="", metavar="ID", help="show a mutant as a patch, as for the corpus, and end"
    )
    parser.add_argument("--mutant", action="append", default=[], metavar="ID", help="only these, also as patterns")
    parser.add_argument("--operator", action="append", default=[], choices=tuple(operators.TITLES), metavar="NAME",
                        help=f"only these: {', '.join(operators.TITLES)}")  # fmt: skip
    parser.add_argument("--since", default="", metavar="REV", help="only lines that have changed since this revision")
    parser.add_argument("--shard", type=shard, default=None, metavar="I/N", help="only the I-th of N parts")
    parser.add_argument("--most", type=int, default=0, metavar="N", help="no more than N tests for each (default: all)")
    parser.add_argument("--again", action="store_true", help="try those again that survived in these records")
    parser.add_argument(
        "--test", action="append", default=[], metavar="NAME", help="with these tests, also as patterns"
    )
    parser.add_argument(
        "--where", action="store_true", help="say of those caught where Linux goes another way, if the test does not"
    )
    parser.add_argument("--equivalent", action="store_true", help=f"try also those that {DECLARED} declares")
    parser.add_argument("--baseline", type=Path, metavar="RECORDS", help="of `ampstand test --coverage` (linux only)")
    parser.add_argument(
        "--workers", type=workers, default=workers("auto"), metavar="N", help="mutants at a time (default: auto)"
    )
    parser.add_argument("--records", type=Path, metavar="DIR", help="folder for logs and verdicts, or to go on in")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what came of each mutant there")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write the source with its survivors there")


class Mutation:
    """One ``ampstand mutate``."""

    def __init__(
        self, target: Target, args: argparse.Namespace, progress: Progress, declared: Mapping[str, str]
    ) -> None:
        """Read the files and find their mutants."""
        self.target = target
        self.args = args
        self.progress = progress
        self.declared = declared
        tree = target.tree
        texts = {name: tree.read(name) or b"" for name in target.chosen(args.files)}
        if not texts:
            raise UsageError("no file to be mutated")
        self.texts = texts
        self.files = [File(name, text) for name, text in texts.items()]
        self.mutants = [mutant for file in self.files for mutant in file.mutants]
        self.numbers = schemata.number(self.mutants)
        if target.own:
            verdicts.stale(declared, self.mutants, texts.keys())

    def chosen(self) -> list[Mutant]:
        """Return the mutants that the command line asks for."""
        args, lines = self.args, self._changed() if self.args.since else None
        found = [
            mutant
            for mutant in self.mutants
            if (not args.mutant or any(fnmatchcase(mutant.id, pattern) for pattern in args.mutant))
            and (not args.operator or mutant.operator in args.operator)
            and (lines is None or not lines[mutant.file].isdisjoint(range(mutant.line, mutant.last + 1)))
        ]
        return found if args.shard is None else found[args.shard.index - 1 :: args.shard.count]

    def _changed(self) -> dict[str, set[int]]:
        folder = self.target.tree.folder
        if git.commit(folder, self.args.since) is None:
            raise UsageError(f"--since {self.args.since}: no such revision in {folder}")
        found = {}
        for name, text in self.texts.items():
            before = git.blob(folder, self.args.since, name) or b""
            found[name] = set(changed_lines(before.decode(errors="replace"), text.decode(errors="replace")))
        return found

    def patch(self, mutant: str) -> str:
        """Return a mutant as a patch to the tree."""
        for file in self.files:
            if any(one.id == mutant for one in file.mutants):
                before, after = self.texts[file.name], file.alone(mutant)
                return difference(file.name, before, after).decode("utf-8", errors="replace")
        raise UsageError(f"--patch {mutant}: no such mutant", hint="--list shows them all")

    def run(self) -> dict[str, Verdict]:
        """Build, and try what is not known yet; return what came of each chosen mutant."""
        chosen, records = self.chosen(), self.target.records
        if not chosen:
            raise NothingRan("no mutant is chosen")
        unbuilt = self._build(records / "build.json")
        again = (SURVIVED, NEVER) if self.args.again else ()
        record = Record(records / verdicts.FILE, self._key(), again)
        for mutant in chosen:
            before = record.verdicts.get(mutant.id)
            if before is not None and before.outcome == CAUGHT:  # the rule may have been another one then
                told = grade(mutant, before.message, self._functions[mutant.file])
                record.verdicts[mutant.id] = replace(before, grade=told)
            if mutant.id in unbuilt:
                record.verdicts[mutant.id] = Verdict(mutant.id, UNBUILT)
            elif mutant.id in self.declared and not self.args.equivalent:
                record.verdicts[mutant.id] = Verdict(mutant.id, EQUIVALENT, message=self.declared[mutant.id])
        left = [mutant for mutant in chosen if mutant.id not in record.verdicts]
        if left:
            self._try(left, record)
        if self.args.where:
            self._locate(chosen, record)
        return {mutant.id: record.verdicts[mutant.id] for mutant in chosen}

    def _key(self) -> str:
        """Return what changes with the files: what is changed in them is in the ids."""
        return hashlib.sha256(b"\0".join(self.texts.values())).hexdigest()[:16]

    def _build(self, known: Path) -> set[str]:
        """Build with as many mutants as compile; return the others."""
        unbuilt: set[str] = set()
        if known.is_file():
            saved = json.loads(known.read_text(encoding="utf-8"))
            unbuilt = set(saved["unbuilt"]) if saved["key"] == self._key() else unbuilt
        for _ in range(ROUNDS):
            numbers = {name: number for name, number in self.numbers.items() if name not in unbuilt}
            switch = self.target.switch
            written = {file.name: file.text(numbers, switch.declarations, switch.definitions) for file in self.files}
            try:
                with self.progress.step(f"mutate: building {len(numbers)} mutants"):
                    self.target.build(written)
            except CompilerRefused as refused:
                blamed = set().union(*(file.blamed(written[file.name], numbers, str(refused)) for file in self.files))
                if not blamed:
                    raise InfrastructureError("the build with mutants fails, and not because of one") from refused
                self.progress.say(f"mutate: {len(blamed)} mutants do not compile")
                unbuilt |= blamed
                continue
            known.write_text(json.dumps({"key": self._key(), "unbuilt": sorted(unbuilt)}), encoding="utf-8")
            return unbuilt
        raise InfrastructureError(f"after {ROUNDS} builds there are still mutants that do not compile")

    def _try(self, left: Sequence[Mutant], record: Record) -> None:
        """Try mutants, some at a time; those tests go first that have caught most of the same kind."""
        executing = self.target.executing(self.numbers, left)
        for mutant in left:
            if not executing[mutant.id]:
                record.add(Verdict(mutant.id, NEVER))
        waiting = [mutant for mutant in left if executing[mutant.id]]
        by_id = {mutant.id: mutant for mutant in waiting}
        caught: Counter[tuple[str, ...]] = Counter()
        for mutant in self.mutants:
            before = record.verdicts.get(mutant.id)
            if before is not None and before.outcome == CAUGHT:
                caught.update(_kinds(mutant, before.by))
        done = 0
        with self.progress.step("mutate: trying") as step:
            for batch in _batches(waiting, BATCH * self.args.workers):
                plan = {mutant.id: self._tests(mutant, executing[mutant.id], caught) for mutant in batch}
                wanted = [self.target.program(mutant, self.numbers[mutant.id], plan[mutant.id]) for mutant in batch]
                with closing(programs.run(wanted, self.args.workers)) as ended:
                    for end in ended:
                        mutant = by_id[end.program.name]
                        judged = self._judged(end)
                        if judged.outcome == CAUGHT:
                            caught.update(_kinds(mutant, judged.test))
                        record.add(
                            Verdict(
                                mutant.id,
                                judged.outcome,
                                "::".join(part for part in (judged.test, judged.part) if part),
                                round(end.seconds, 2),
                                judged.message,
                                grade(mutant, judged.message, self._functions[mutant.file])
                                if judged.outcome == CAUGHT
                                else 0,
                                len(plan[mutant.id]),
                                len(executing[mutant.id]),
                            )
                        )
                        done += 1
                        step.update(f"{judged.outcome}: {mutant.id}", done=done, total=len(waiting))

    def _locate(self, chosen: Sequence[Mutant], record: Record) -> None:
        """Add where Linux goes another way to the messages that do not tell of the place."""
        left = [
            (mutant, self.numbers[mutant.id], record.verdicts[mutant.id].by)
            for mutant in chosen
            if (verdict := record.verdicts[mutant.id]).outcome == CAUGHT
            and verdict.grade < WELL
            and verdicts.WAYS not in verdict.message
        ]
        if not left:
            return
        with self.progress.step("mutate: where Linux goes another way") as step:
            for done, (mutant, ways) in enumerate(self.target.ways(left), start=1):
                verdict = record.verdicts[mutant.id]
                message = "\n".join([verdict.message, verdicts.WAYS, *ways])
                told = grade(mutant, message, self._functions[mutant.file])
                record.add(replace(verdict, message=message, grade=told))
                step.update(mutant.id, done=done, total=len(left))

    @cached_property
    def _functions(self) -> dict[str, set[str]]:
        """Return the functions of each file."""
        found: dict[str, set[str]] = defaultdict(set)
        for mutant in self.mutants:
            found[mutant.file].add(mutant.function)
        return found

    def _judged(self, end: Ended) -> Judged:
        """Return what came of a mutant: a test that fails without it says nothing."""
        judged = self.target.judge(end)
        if judged.outcome == CAUGHT and not self.target.passes(judged.test):
            return Judged(BROKEN, message=f"{judged.test} fails without a mutant, too")
        return judged

    def _tests(self, mutant: Mutant, tests: Sequence[str], caught: Mapping[tuple[str, ...], int]) -> list[str]:
        def worth(test: str) -> list[int]:
            return [-caught.get(kind, 0) for kind in _kinds(mutant, test)]

        return sorted(tests, key=worth)[: self.args.most or None]


def _kinds(mutant: Mutant, test: str) -> list[tuple[str, ...]]:
    """Return what a test has to do with mutants like this, the closest first: a leak is like another one elsewhere."""
    return [
        ("function", mutant.function, test),
        ("file", mutant.file, test),
        ("operator", mutant.operator, test),
    ]


def _batches(mutants: Sequence[Mutant], size: int) -> Iterator[Sequence[Mutant]]:
    for at in range(0, len(mutants), size):
        yield mutants[at : at + size]


def tell(mutants: Iterable[Mutant]) -> Iterator[str]:
    """Yield a line about each mutant."""
    for mutant in mutants:
        yield f"{mutant.file}:{mutant.line}: {forms.edit(mutant)}  [{mutant.id}]"


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Run ``ampstand mutate``."""
    if args.baseline is not None and args.target != "linux":
        raise UsageError("--baseline is of scenarios: the other targets find out by themselves")
    if args.where and args.target != "linux":
        raise UsageError("--where is about what Linux executes", hint="ampstand mutate linux --where")
    records = records_folder(args.records, "mutate")
    mutation = Mutation(
        TARGETS[args.target](args, builder, records), args, progress, verdicts.declared(builder.root / DECLARED)
    )
    if args.list:
        print("\n".join(tell(mutation.chosen())))
        return 0
    if args.patch:
        print(mutation.patch(args.patch), end="")
        return 0
    records.mkdir(parents=True, exist_ok=True)
    found = mutation.run()
    known = [mutant for mutant in mutation.mutants if mutant.id in found]
    Console(width=None if sys.stdout.isatty() else WIDTH).print(forms.table(known, found))
    survivors = [mutant for mutant in known if found[mutant.id].outcome == SURVIVED]
    for line in list(tell(survivors))[:SHOWN]:
        print(f"survived: {line}")
    if len(survivors) > SHOWN:
        print(f"... and {len(survivors) - SHOWN} more")
    if args.json is not None:
        args.json.write_text(json.dumps(forms.document(args.target, known, found), indent=1) + "\n", encoding="utf-8")
    if args.html is not None:
        args.html.write_text(forms.html(args.target, mutation.texts, known, found), encoding="utf-8")
    progress.say(f"records: {records}")
    return _exit_code(found.values())


def _exit_code(found: Iterable[Verdict]) -> int:
    outcomes = {verdict.outcome for verdict in found}
    if BROKEN in outcomes:
        return InfrastructureError.exit_code
    return TestsFailed.exit_code if SURVIVED in outcomes else 0
