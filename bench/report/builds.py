"""From a revision or a folder to a fallow_bench that can run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / "build" / "release"
COMPARED = REPOSITORY / "build" / "compare"
# Where a folder may have the program.
_PLACES = ("fallow_bench", "bench/fallow_bench", "build/release/bench/fallow_bench")


class BuildError(Exception):
    """What cannot be built, and why."""


def install(groups: list[str]) -> None:
    """Installs what is missing of these groups of tools/debian-packages."""
    _run([REPOSITORY / "tools" / "debian-packages", *groups])


def install_peers() -> None:
    """Installs the libraries to measure against, and the data to train on. Those from npm need not be had: the run
    names what it skips."""
    install(["peers", "data"])
    try:
        _run([REPOSITORY / "bench" / "peers" / "install"])
    except BuildError as error:
        print(error)


def build_tree() -> Path:
    """Builds the benchmarks of the working tree; a folder that someone configured keeps its other options."""
    _configure(REPOSITORY, BUILD, first=["-DFALLOW_DEVELOPER=ON"])
    _run(["cmake", "--build", BUILD, "--target", "bench/all"])
    return BUILD


def resolve(name: str) -> Path:
    """The fallow_bench of a git revision, which is built, or of a folder, or the file itself."""
    path = Path(name)
    if path.is_file() and os.access(path, os.X_OK):
        return path.resolve()
    if path.is_dir():
        for place in _PLACES:
            if (path / place).is_file():
                return (path / place).resolve()
    commit = _commit(name)
    if commit is None:
        what = "has no fallow_bench" if path.is_dir() else "is neither a revision, a folder with a build nor a program"
        raise BuildError(f"{name} {what}")
    return _build_commit(commit)


def _commit(name: str) -> str | None:
    done = subprocess.run(["git", "-C", REPOSITORY, "rev-parse", "--verify", "--quiet", "--end-of-options",
                           f"{name}^{{commit}}"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def _build_commit(commit: str) -> Path:
    folder = COMPARED / commit[:12]
    source = folder / "source"
    if not source.exists():
        # A clone, as a worktree would have to be taken off git's list by hand. Renamed when whole.
        unfinished = folder / "source.new"
        _run(["rm", "-rf", unfinished])
        folder.mkdir(parents=True, exist_ok=True)
        _run(["git", "clone", "--quiet", "--shared", "--no-checkout", REPOSITORY, unfinished])
        _run(["git", "-C", unfinished, "checkout", "--quiet", "--detach", commit])
        unfinished.rename(source)
    build = folder / "build"
    # Each measurement is a process, and PyTorch takes a third of a second to load.
    _configure(source, build, first=["-DCMAKE_DISABLE_FIND_PACKAGE_Torch=ON"])
    _run(["cmake", "--build", build, "--target", "fallow_bench"])
    return build / "bench" / "fallow_bench"


def _configure(source: Path, build: Path, first: list[str]) -> None:
    arguments = ["-DFALLOW_BUILD_RUNTIME=ON", "-DFALLOW_BUILD_BENCH=ON"]
    if not (build / "CMakeCache.txt").exists():
        arguments += ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DFALLOW_BUILD_TESTS=OFF",
                      "-DFALLOW_BUILD_TOOLS=OFF", *first]
    _run(["cmake", "-S", source, "-B", build, *arguments])


def _run(command: list) -> None:
    """Runs a command; its output is shown only if it fails, that of an installation always."""
    shown = str(command[0]).endswith("debian-packages")
    try:
        done = subprocess.run([str(part) for part in command], check=False, text=True, stdin=subprocess.DEVNULL,
                              stdout=None if shown else subprocess.PIPE, stderr=None if shown else subprocess.STDOUT)
    except OSError as error:
        raise BuildError(str(error)) from error
    if done.returncode != 0:
        output = "" if shown else "\n" + "\n".join(done.stdout.splitlines()[-30:])
        raise BuildError(f"failed: {' '.join(str(part) for part in command)}{output}")
