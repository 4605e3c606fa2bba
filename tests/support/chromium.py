"""The Chromium that tests drive: one that is there, or one that is installed before they begin.

python -m tests.support.chromium     what `make test` does first: pytest's workers cannot install it beside each other
"""

# ruff: noqa: T201  it prints what has become of it

from __future__ import annotations

import os
import shutil
import subprocess
import sys

VARIABLE = "CTS_TEST_CHROMIUM"
"""Names another program, by its path."""

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_APT = (
    "apt-get",
    "-qq",
    "-o",
    "Acquire::Retries=2",
    "-o",
    "Acquire::http::Timeout=30",
    "-o",
    "DPkg::Lock::Timeout=120",
)
_COMMANDS = (
    (*_APT, "update"),
    (*_APT, "install", "-y", "--no-install-recommends", "chromium"),
)
_SECONDS = 600  # for each


def chromium() -> str | None:
    """Return the path of the program, None where there is none."""
    given = os.environ.get(VARIABLE)
    return next(filter(None, map(shutil.which, [given] if given else _NAMES)), None)


def without() -> str:
    """Say what is not tested without it, and what to do."""
    named = os.environ.get(VARIABLE)
    missing = f"{VARIABLE} names no program: {named}" if named else f"none of these is in PATH: {', '.join(_NAMES)}"
    return f"the page is NOT TESTED without Chromium ({missing}); install it, or name it in {VARIABLE}"


def main() -> int:
    """Install it where that is needed and allowed; return 1 where it is needed and not there."""
    if chromium() is not None:
        return 0
    why = _install()
    if chromium() is not None:
        return 0
    if os.environ.get("CI"):
        print(f"error: {without()}\n  apt-get    {why}", file=sys.stderr)
        return 1
    line = "=" * 100
    print(f"{line}\nWARNING: {without()}\n  apt-get: {why}\n{line}", file=sys.stderr)
    return 0


def _install() -> str:
    """Install Debian's package; return what prevented it, where something did."""
    if os.environ.get(VARIABLE):
        return f"not tried, because {VARIABLE} is set"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return "not tried, because there is none, or only root may use it"
    print("installing chromium for the tests of the page", flush=True)
    for command in _COMMANDS:
        try:
            done = subprocess.run(
                command,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"`{' '.join(command)}` took more than {_SECONDS} s"
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["nothing"]
            return f"`{' '.join(command)}` failed and said: {said[-1]}"
    return "it was installed, and is none of these programs"


if __name__ == "__main__":
    sys.exit(main())
