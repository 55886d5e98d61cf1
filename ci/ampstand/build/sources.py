# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Finds QEMU, Linux, FreeRTOS and busybox: a folder given by the user, else a Debian package.

Packages are read through a private apt configuration: own lists, own status file, this machine's own mirror. Nothing
of the user's apt set-up is changed, no foreign architecture is added, and no root is needed. A source that stands in
the cache is used as it is, without a look at the network, until ``setup --update`` asks for a newer one.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ampstand import paths
from ampstand.build import git, tools
from ampstand.build.cache import Cache, folder_state
from ampstand.build.overlay import Tree
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress, Step

DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
NATIVE = "native"
"""The architecture of this machine, whichever it is."""
_SUITE = re.compile(
    r"^(bookworm|trixie|forky|sid|(?:old)?stable|testing|unstable)(|-updates|-backports|-security|/updates)$"
)
TRIES = 3
RETRY_DELAY = 5.0
"""Seconds between two tries of a download (times the number of tries so far): a mirror's update needs its time."""


@dataclass(frozen=True)
class Spec:
    """One entry of ``configs/sources.toml``."""

    name: str
    title: str
    kind: str
    """``source`` (a source package, patches applied) or ``binary`` (a binary package, unpacked)."""
    package: str
    series: str
    contains: str
    option: str
    space: int
    archive: str = ""
    folder: str = ""
    architecture: str = NATIVE
    optional: bool = False
    """Whether only some boards need it."""
    suites: tuple[str, ...] = ()
    """Of Debian's archive, in place of the common ones."""
    revisions: bool = False
    """Whether the user may name a revision of a git tree: ``DIR@REV``."""


@dataclass(frozen=True)
class Source:
    """A source tree that is there."""

    name: str
    path: Path
    identity: str
    """Changes when the content does: package version, or the state of a user's folder."""
    version: str
    own: bool
    """True for a folder of the user's, which nothing may be written to."""
    revision: str = ""
    """The commit of the repository in ``path`` that is meant, in place of the files that are there."""

    @property
    def tree(self) -> Tree:
        """What its files are read from."""
        return Tree(self.path, self.revision)


@functools.cache
def _config() -> dict[str, dict[str, object]]:
    """Read ``configs/sources.toml``."""
    with (paths.CONFIGS / "sources.toml").open("rb") as file:
        return tomllib.load(file)


def spec(name: str, series: str = "", architecture: str = "") -> Spec:
    """Return the named entry, of another ``series`` than its own if one is given (``6.1``).

    What runs on the boards has an architecture: that of the entry, unless another is given.
    """
    values = {**_config()[name], **({"series": series} if series else {})}
    if architecture and "architecture" in values:
        values["architecture"] = architecture
    for key in ("package", "archive"):
        if key in values:
            values[key] = str(values[key]).replace("{series}", str(values["series"]))
    values["suites"] = tuple(_strings(values.get("suites", [])))
    return Spec(name=name, **values)  # type: ignore[arg-type]  # a wrong key fails here, in the tests


def specs() -> tuple[Spec, ...]:
    """Return every entry."""
    return tuple(spec(name) for name in _config() if name != "suites")


def user_folder(entry: Spec, folder: Path) -> Source:
    """Return a user's folder as source, or with ``DIR@REV`` a revision of a git tree; raise when it is neither."""
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        top, found, revision = str(folder).rpartition("@")
        if found and entry.revisions and Path(top).is_dir():
            return _user_revision(entry, Path(top), revision)
        raise UsageError(f"{entry.option} {folder}: no such folder")
    if next(folder.glob(entry.contains), None) is None:
        raise UsageError(
            f"{entry.option} {folder}: not a {entry.title} tree ({entry.contains} is missing)",
            hint=f"name the top folder of an unpacked {entry.title}",
        )
    state = folder_state(folder, git.files(folder) if entry.revisions else None)
    return Source(entry.name, folder, f"folder:{folder}:{state}", folder.name, own=True)


def _user_revision(entry: Spec, folder: Path, revision: str) -> Source:
    """Return one revision of a user's git tree as source."""
    commit = git.commit(folder, revision)
    if commit is None:
        raise UsageError(
            f"{entry.option} {folder}@{revision}: no git tree with such a revision",
            hint=f"see: git -C {folder} log --oneline --all",
        )
    if git.read(folder, "cat-file", "-e", f"{commit}:{entry.contains}") is None:
        raise UsageError(f"{entry.option} {folder}@{revision}: not a {entry.title} tree ({entry.contains} is missing)")
    version = git.read(folder, "describe", "--always", commit) or commit[:12]
    return Source(entry.name, folder, f"git:{folder}:{commit}", version, own=True, revision=commit)


# ---- this machine's package mirror ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mirror:
    """Where this machine's apt gets Debian from, and how it trusts it."""

    uri: str
    signed_by: str


def parse_one_line(text: str) -> list[tuple[str, list[str], dict[str, str]]]:
    """Return (URI, suites, options) of each entry of a ``*.list`` file."""
    entries = []
    for raw in text.splitlines():
        words = raw.split("#", 1)[0].replace("[", " [ ").replace("]", " ] ").split()
        if not words or words[0] not in ("deb", "deb-src"):
            continue
        words, options = words[1:], {}
        if words and words[0] == "[":
            end = words.index("]") if "]" in words else 0
            options = {key: value for key, _, value in (word.partition("=") for word in words[1:end])}
            words = words[end + 1 :]
        if len(words) >= 3 and "main" in words[2:]:
            entries.append((words[0], [words[1]], options))
    return entries


def parse_deb822(text: str) -> list[tuple[str, list[str], dict[str, str]]]:
    """Return (URI, suites, options) of each enabled stanza of a ``*.sources`` file."""
    entries = []
    stanzas: list[dict[str, str]] = [{}]
    last = ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if not line.strip():
            stanzas.append({})
        elif line[0] in " \t":
            stanzas[-1][last] = f"{stanzas[-1].get(last, '')}\n{line.strip()}"
        else:
            key, _, value = line.partition(":")
            last = key.strip().lower()
            stanzas[-1][last] = value.strip()
    for stanza in stanzas:
        if stanza.get("enabled", "yes").lower() in ("no", "false", "0") or "main" not in stanza.get("components", ""):
            continue
        options = {"signed-by": stanza["signed-by"]} if "signed-by" in stanza else {}
        for uri in stanza.get("uris", "").split():
            entries.append((uri, stanza.get("suites", "").split(), options))
    return entries


def find_mirrors(etc: Path = Path("/etc/apt")) -> tuple[Mirror, Mirror | None]:
    """Return this machine's mirror of Debian's archive, and of its security archive if it uses one."""
    entries = []
    for file in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if not file.is_file():
            continue
        if file.suffix == ".list":
            entries += parse_one_line(file.read_text(encoding="utf-8", errors="replace"))
        elif file.suffix == ".sources":
            entries += parse_deb822(file.read_text(encoding="utf-8", errors="replace"))
    candidates: dict[bool, list[tuple[bool, Mirror]]] = {False: [], True: []}
    for uri, suites, options in entries:
        signed_by = options.get("signed-by", "")
        own_key = signed_by.startswith("/") and "debian-archive" not in signed_by
        if not signed_by.startswith("/"):  # a key inside the stanza, or none: Debian's own
            signed_by = str(DEBIAN_KEYRING)
        for suite in suites:
            if match := _SUITE.match(suite):
                # Others name their suites like Debian's: what has a key of its own comes last.
                candidates[match[2] in ("-security", "/updates")].append((own_key, Mirror(uri, signed_by)))
    found = {kind: min(of_kind, key=lambda pair: pair[0])[1] for kind, of_kind in candidates.items() if of_kind}
    if False not in found:
        raise InfrastructureError(
            "no Debian archive is among this machine's apt sources",
            hint="run on Debian 12 or 13, or name source folders: "
            + " ".join(f"{entry.option} DIR" for entry in specs()),
        )
    return found[False], found.get(True)


class Apt:
    """A private apt: own lists, cache and status in the cache folder, one set for each architecture asked for.

    They are apart because apt takes all lists of a suite or none: a mirror that is out of step for one architecture
    would else hide the others. What comes from suites of its own has a set of its own.
    """

    def __init__(self, cache: Cache, etc: Path = Path("/etc/apt")) -> None:
        """Use the given cache folder; ``etc`` is where this machine's apt sources are read."""
        self._cache = cache
        self._etc = etc
        self.root = cache.root / "apt"
        self.log = cache.logs / "apt.log"
        self._fresh: set[str] = set()

    def _place(self, entry: Spec) -> Path:
        """Return the folder of the set that an entry is in."""
        return self.root / "-".join([entry.architecture, *entry.suites])

    def _options(self, entry: Spec) -> list[str]:
        """Return the options that make apt private."""
        root = self._place(entry)
        options: dict[str, object] = {
            "Dir::Etc::sourcelist": root / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State::lists": root / "lists",
            "Dir::State::status": root / "status",
            "Dir::Cache": root / "cache",
            "Dir::Log": root / "log",
            "APT::Update::Post-Invoke": "",
            "APT::Update::Post-Invoke-Success": "",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
        }
        if entry.architecture != NATIVE:
            options["APT::Architecture"] = options["APT::Architectures::"] = entry.architecture
        if os.geteuid() == 0:
            options["APT::Sandbox::User"] = "root"  # its files are in a folder that user _apt cannot read
        words = []
        for key, value in options.items():
            words += ["-o", f"{key}={value}"]
        return words

    def source_list(self, architecture: str, own: Sequence[str] = ()) -> str:
        """Return the text of the private sources.list for an architecture; only the native one lists sources too.

        ``own`` are suites of the archive in place of the common ones.
        """
        archive, security = find_mirrors(self._etc)
        suites = _config()["suites"]
        wanted = [(archive, suite) for suite in own or _strings(suites["archive"])]
        if security is not None and not own:
            wanted += [(security, suite) for suite in _strings(suites["security"])]
        kinds = ("deb", "deb-src") if architecture == NATIVE else ("deb",)
        return "".join(
            f"{kind} [signed-by={mirror.signed_by}] {mirror.uri} {suite} main\n"
            for mirror, suite in wanted
            for kind in kinds
        )

    def refresh(self, entry: Spec, progress: Progress) -> None:
        """Read the package lists that an entry needs, once a process.

        A mirror in the middle of an update may fail for some lists: what came is used if it holds the package, else
        the whole is tried again.
        """
        root = self._place(entry)
        if root.name in self._fresh:
            return
        tools.require("apt-get", "apt-cache", "dpkg-source", "dpkg-deb")
        for folder in ("lists/partial", "cache/archives/partial", "log"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "status").touch()
        (root / "sources.list").write_text(self.source_list(entry.architecture, entry.suites), encoding="utf-8")
        with progress.step(f"reading Debian's package lists ({root.name})") as step:
            self._retry(
                ["apt-get", *self._options(entry), "update", "--error-on=any"],
                "reading package lists",
                step,
                progress,
                enough=lambda: bool(self.versions(entry)),
            )
        self._fresh.add(root.name)

    def versions(self, entry: Spec) -> list[str]:
        """Return the versions of the series that the package lists have, newest first."""
        words = ["showsrc", "--only-source"] if entry.kind == "source" else ["show"]
        try:
            text = tools.output(["apt-cache", *self._options(entry), *words, entry.package])
        except InfrastructureError:
            return []  # apt's answer to a name that no list has
        found = {line.split()[1] for line in text.splitlines() if line.startswith("Version:")}
        return sort_versions(version for version in found if version.split(":")[-1].startswith(f"{entry.series}."))

    def fetch(self, entry: Spec, version: str, folder: Path, step: Step, progress: Progress) -> None:
        """Download one version of a package into ``folder`` (a source package's patches are applied)."""
        command = ["source"] if entry.kind == "source" else ["download"]
        self._retry(
            ["apt-get", *self._options(entry), *command, f"{entry.package}={version}"],
            f"downloading {entry.package} {version}",
            step,
            progress,
            cwd=folder,
        )

    def fetch_all(self, entry: Spec, packages: list[str], folder: Path, step: Step, progress: Progress) -> None:
        """Download binary packages of the entry's architecture, and all that they depend on, into ``folder``."""
        (folder / "partial").mkdir()
        options = [*self._options(entry), "-o", f"Dir::Cache::archives={folder}", "-o", "APT::Install-Recommends=false"]
        self._retry(
            ["apt-get", *options, "--yes", "--download-only", "install", *packages],
            "downloading packages",
            step,
            progress,
        )
        for left in ("partial", "lock"):
            path = folder / left
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)

    def _retry(
        self,
        argv: list[str],
        what: str,
        step: Step,
        progress: Progress,
        *,
        cwd: Path | None = None,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        """Run apt, several times if need be, and say so; a failure that leaves ``enough`` is only told."""
        for attempt in range(1, TRIES + 1):
            try:
                tools.run(argv, what=what, log=self.log, step=step, cwd=cwd, watch=_apt_progress)
                return
            except InfrastructureError as error:
                if enough():
                    progress.warn(f"{what}: some failed ({error.hint or self.log}); going on with what came")
                    return
                if attempt == TRIES or "disk is full" in error.hint or "keyring" in error.hint:
                    raise
                progress.warn(f"{what} failed (try {attempt} of {TRIES}); trying again")
                time.sleep(RETRY_DELAY * attempt)


def _strings(value: object) -> list[str]:
    """Return a TOML array of strings as such."""
    assert isinstance(value, list)
    return [str(item) for item in value]


def _apt_progress(line: str, step: Step) -> None:
    """Show what apt fetches or unpacks."""
    words = line.split()
    if line.startswith("Get:") and len(words) > 4:
        step.update(" ".join(words[-3:])[-60:] if "Packages" not in line else "package lists")
    elif line.startswith("dpkg-source: info:"):
        step.update(line[18:].strip()[:60])


def sort_versions(versions: Iterable[str]) -> list[str]:
    """Return Debian versions, newest first."""

    def compare(one: str, other: str) -> int:
        newer = subprocess.run(["dpkg", "--compare-versions", one, "gt", other], check=False).returncode == 0
        return -1 if newer else 1

    return sorted(versions, key=functools.cmp_to_key(compare))


def _of_architecture(entry: Spec) -> str:
    """Return the name of a package, with the architecture if it is another than the entry's own."""
    own = entry.architecture == spec(entry.name).architecture
    return entry.package if own else f"{entry.package}-{entry.architecture}"


class Sources:
    """All sources of one build."""

    def __init__(
        self,
        cache: Cache,
        progress: Progress,
        folders: dict[str, Path | None],
        apt: Apt | None = None,
        *,
        series: Mapping[str, str] | None = None,
        architecture: str = "",
    ) -> None:
        """Use the user's ``folders`` by name where given, else packages, of another ``series`` where one is given.

        ``architecture`` is what Debian calls that of the board.
        """
        self._cache = cache
        self._progress = progress
        self._folders = folders
        self._series = dict(series or {})
        self._architecture = architecture
        self._apt = apt if apt is not None else Apt(cache)
        self._found: dict[str, Source] = {}

    def get(self, name: str, *, update: bool = False) -> Source:
        """Return the named source, downloading it when it is in neither place."""
        if update or name not in self._found:
            entry = self._spec(name)
            folder = self._folders.get(name)
            self._found[name] = (
                user_folder(entry, folder) if folder is not None else self._package(entry, update=update)
            )
        return self._found[name]

    def _spec(self, name: str) -> Spec:
        """Return the named entry, of the series and the architecture that are asked for."""
        return spec(name, self._series.get(name, ""), self._architecture)

    def known(self, name: str) -> Source | None:
        """Return the named package source if it is in the cache already."""
        entry = self._spec(name)
        try:
            record = json.loads(self._record(entry).read_text(encoding="utf-8"))
            tree = self._cache.sources / str(record["folder"])
            version = str(record["version"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        path = tree / entry.folder
        if next(path.glob(entry.contains), None) is None:
            return None
        return Source(name, path, f"{_of_architecture(entry)}={version}", version, own=False)

    def _record(self, entry: Spec) -> Path:
        """Return the file that says which version is in use."""
        own = entry == spec(entry.name)
        return self._cache.sources / f"{entry.name if own else _of_architecture(entry)}.json"

    def _package(self, entry: Spec, *, update: bool) -> Source:
        """Return a package's source from the cache, else from the mirror."""
        known = self.known(entry.name)
        if known is not None and not update:
            return known
        with self._cache.lock(f"source-{entry.name}", self._progress):
            known = self.known(entry.name)
            if known is not None and not update:
                return known
            self._cache.need_space(entry.title, entry.space)
            self._apt.refresh(entry, self._progress)
            versions = self._apt.versions(entry)
            if not versions:
                raise InfrastructureError(
                    f"the package mirror has no {entry.package} {entry.series}.x",
                    hint=f"name a folder instead: {entry.option} DIR",
                )
            for version in versions:
                try:
                    self._unpack(entry, version)
                    break
                except InfrastructureError as error:
                    if version == versions[-1] or "disk is full" in error.hint:
                        raise
                    self._progress.warn(f"{entry.package} {version} cannot be had; trying the next older version")
        found = self.known(entry.name)
        if found is None:
            raise InfrastructureError(f"{entry.package} does not hold {entry.contains}", hint=f"try {entry.option} DIR")
        return found

    def _unpack(self, entry: Spec, version: str) -> None:
        """Put one version of a package in place and make it the one in use."""
        package = _of_architecture(entry)
        folder = self._cache.sources / f"{package}-{version.replace(':', '_').replace('~', '_')}"

        def make(scratch: Path) -> None:
            down = scratch / "download"
            down.mkdir()
            with self._progress.step(f"{entry.title}: fetching {entry.package} {version}") as step:
                self._apt.fetch(entry, version, down, step, self._progress)
                log = self._apt.log
                if entry.kind == "source":
                    tree = next(path for path in down.iterdir() if path.is_dir())
                else:
                    tree = scratch / "deb"
                    deb = next(down.glob("*.deb"))
                    tools.run(["dpkg-deb", "-x", deb, tree], what="unpacking", log=log, step=step)
                    if entry.archive:
                        step.update(f"unpacking {Path(entry.archive).name}")
                        tools.run(
                            ["tar", "-C", down, "-xf", tree / entry.archive], what="unpacking", log=log, step=step
                        )
                        shutil.rmtree(tree)
                        tree = next(path for path in down.iterdir() if path.is_dir())
                for child in tree.iterdir():
                    child.rename(scratch / child.name)
                shutil.rmtree(down)
                if tree.exists():
                    tree.rmdir()

        self._cache.publish(folder, make, self._progress)
        record = self._record(entry)
        temporary = record.with_suffix(".new")
        temporary.write_text(json.dumps({"version": version, "folder": folder.name}) + "\n", encoding="utf-8")
        temporary.replace(record)
