"""The programs ``alembic`` and ``cts-schema``, run as a user runs them."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent.parent
_VARIABLES = ("DATABASE_URL", "POSTGRES_URL", "REMOTE_POSTGRES_URL", "SQLITE_DB_PATH", "DATABASE_TYPE")

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1  # linux/prctl.h, linux/capability.h
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Outcome:
    """What a program left: its exit code and its two streams."""

    code: int
    out: str
    err: str


def alembic(
    *arguments: str,
    url: str | None = None,
    cwd: Path | None = None,
    ini: Path | None = None,
    itself: bool = False,
    restrained: bool = False,
) -> Outcome:
    """Run ``alembic ARGUMENTS`` in the checkout, or in another folder with the checkout's alembic.ini.

    Args:
        arguments: those of the program.
        url: DATABASE_URL; None means that there is none.
        cwd: the folder to run in.
        ini: another alembic.ini.
        itself: whether to start the very program, instead of doing the same in a fork that costs less.
        restrained: whether the permissions of files bind the program even if root runs it.
    """
    configuration = ini or (None if cwd is None else ROOT / "alembic.ini")
    given = [*([] if configuration is None else ["-c", str(configuration)]), *arguments]
    if itself or restrained:
        return run(str(installed("alembic")), *given, url=url, cwd=cwd, restrained=restrained)
    return _forked("alembic", given, url, cwd)


def cts_schema(*arguments: str, url: str | None = None, cwd: Path | None = None, itself: bool = False) -> Outcome:
    """Run ``cts-schema ARGUMENTS``; see :func:`alembic`."""
    if itself:
        return run(str(installed("cts-schema")), *arguments, url=url, cwd=cwd)
    return _forked("cts-schema", arguments, url, cwd)


def installed(program: str) -> Path:
    """The file of a program in the environment that runs the tests."""
    return Path(sys.executable).with_name(program)


def _forked(program: str, arguments: Sequence[str], url: str | None, cwd: Path | None) -> Outcome:
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        order = {
            "program": program,
            "arguments": list(arguments),
            "cwd": str(cwd or ROOT),
            "env": environment(url),
            "out": str(out),
            "err": str(err),
        }
        forks = _forks()
        assert forks.stdin is not None
        assert forks.stdout is not None
        print(json.dumps(order), file=forks.stdin, flush=True)
        code = int(forks.stdout.readline())
        return Outcome(code, out.read_text(), err.read_text())


@cache
def _forks() -> subprocess.Popen[str]:
    forks = subprocess.Popen(
        [sys.executable, "-m", "tests.support.forks"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(forks.communicate)  # it ends when there are no more orders
    return forks


def python(code: str, *, url: str | None = None, cwd: Path | None = None) -> Outcome:
    """Run ``python -c CODE``."""
    return run(sys.executable, "-c", code, url=url, cwd=cwd)


def run(*command: str, url: str | None = None, cwd: Path | None = None, restrained: bool = False) -> Outcome:
    """Run a program with DATABASE_URL set, and nothing else about databases in its environment.

    Args:
        command: the program and its arguments.
        url: DATABASE_URL; None means that there is none.
        cwd: the folder to run in, by default the checkout.
        restrained: whether the permissions of files bind the program even if root runs it.
    """
    done = subprocess.run(
        command,
        cwd=cwd or ROOT,
        env=environment(url),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        preexec_fn=_heed_permissions if restrained and os.geteuid() == 0 else None,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def environment(url: str | None) -> Mapping[str, str]:
    """The environment of this process, with one database in it or none."""
    rest = {name: value for name, value in os.environ.items() if name not in _VARIABLES}
    return rest if url is None else {**rest, "DATABASE_URL": url}


def _heed_permissions() -> None:
    """Take from root, and from what root executes, the right to write what is not writable."""
    if _libc.prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0) != 0:
        raise PermissionError("root cannot give up its right to override permissions")
