"""Writes files that hold a whole database: readable only for its readers, and named only when complete."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shlex
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from cts_schema.exceptions import BackupFailed, BackupPlaceTaken, DiskFull, MissingFolder, WrongUsage

_UNFINISHED = ".unfinished"
_OUR_NAMES = r".+-\d{8}T\d{6}(?:-\d+)?\.(?:db|dump)(?:\.json)?"  # see `next_name` and `manifest_of`
_LONGEST = 150  # bytes of a name; a file system allows 255, including suffixes


def folder_beside(file: Path) -> Path:
    """Return the folder for backups of a SQLite file."""
    return file.parent / "backups"


def manifest_of(backup: Path) -> Path:
    """Return the path of the manifest of a backup."""
    return backup.with_name(f"{backup.name}.json")


def first_part(stem: str) -> str:
    """Return the first part of the names of backups of a database, whose own name may be long or unusual."""
    return re.sub(r"[^\w.-]", "_", stem).encode()[:_LONGEST].decode(errors="ignore")


def next_name(folder: Path, stem: str, suffix: str) -> Path:
    """Return the name of a backup made now.

    Args:
        folder: the folder of the backup.
        stem: the name of the database.
        suffix: the suffix of its kind, such as ``.db``.

    Raises:
        BackupPlaceTaken: the folder is a symbolic link.
    """
    _require_no_link(folder)
    stem = f"{first_part(stem)}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    names = (folder / f"{stem}{'' if number == 1 else f'-{number}'}{suffix}" for number in range(1, 1000))
    return next(name for name in names if not any(map(os.path.lexists, (name, manifest_of(name)))))


def place_for(given: str | os.PathLike[str] | None, folder: Path, stem: str, suffix: str) -> Path:
    """Return the path of a new backup.

    Args:
        given: a folder or the name of a file; None means ``folder``, which is created if it is missing.
        folder: the default.
        stem: the name of the database.
        suffix: the suffix of its kind.

    Raises:
        MissingFolder: the given folder does not exist.
        BackupPlaceTaken: a file with that name exists, or the folder is a symbolic link.
        WrongUsage: a file cannot have that name.
    """
    if given is None:
        return next_name(folder, stem, suffix)
    path = Path(given)
    _require_possible(path)
    if path.is_dir():
        return next_name(path, stem, suffix)
    missing = path if str(given).endswith(os.sep) else path.parent
    if not missing.is_dir():
        raise MissingFolder(
            cause="the folder of the backup does not exist",
            folder=missing,
            next_step=f"mkdir -p {shlex.quote(str(missing))}",
        )
    _require_no_link(path.parent)
    require_free(path)
    return path


def _require_possible(path: Path) -> None:
    """Check that the system accepts a name: it refuses a NUL, a lone surrogate or 300 letters."""
    try:
        str(path).encode()
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    except (OSError, ValueError) as error:
        raise WrongUsage(
            cause="the name of the backup is not a possible file name",
            name=ascii(str(path))[:100],
            reported=getattr(error, "strerror", None) or type(error).__name__,
            next_step="choose another name",
        ) from error


def _require_no_link(folder: Path) -> None:
    if folder.is_symlink():
        raise BackupPlaceTaken(
            cause="the folder of the backup is a symbolic link, which a backup does not follow; nothing was written",
            folder=folder,
            next_step=f"give the folder itself: {shlex.quote(os.path.realpath(folder))}",
        )


def require_free(path: Path) -> None:
    """Check that a backup would not overwrite a file.

    Raises:
        BackupPlaceTaken: a file with that name exists.
    """
    if os.path.lexists(path):
        kind = "a symbolic link" if path.is_symlink() else "a file" if path.is_file() else "not an ordinary file"
        raise BackupPlaceTaken(file=path, found=kind)


@contextmanager
def written(path: Path, mode: int, *, replace: bool = False) -> Iterator[Path]:
    """Yield a file to write, which gets the name ``path`` at the end of the block; an error removes it.

    Args:
        path: the name.
        mode: its final permissions. Until then only this user may read it.
        replace: whether it may replace a file with this name.

    Raises:
        DiskFull: the disk is full.
        BackupFailed: it could not be written.
    """
    with write_errors(path), _folder(path.parent):
        _remove_unfinished(path)
        handle, unfinished = _begun(path)
        try:
            yield unfinished
            unfinished.chmod(mode)
            _sync(unfinished)
            _name(unfinished, path, replace=replace)
            _sync(path.parent)
        except BaseException:
            _remove(unfinished)
            raise
        finally:
            os.close(handle)


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Create a missing folder; an error removes it again, unless it has contents."""
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise


def _name(unfinished: Path, path: Path, *, replace: bool) -> None:
    if not replace:
        try:
            os.link(unfinished, path)  # fails if another process has created this name meanwhile
        except OSError:  # or if the file system has no links
            require_free(path)
        else:
            unfinished.unlink()
            return
    unfinished.replace(path)


def _begun(path: Path) -> tuple[int, Path]:
    """Create an unfinished file, locked while it is being written."""
    while True:
        handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=_UNFINISHED, dir=path.parent)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:  # otherwise another backup removed it before it was locked
            return handle, Path(name)
        os.close(handle)


def _remove_unfinished(path: Path) -> None:
    """Remove unfinished files of dead processes, with this name or a generated one.

    It ignores other files with such names. No process holds a lock on an abandoned file.
    """
    ours = re.compile(rf"(?:{re.escape(path.name)}|{_OUR_NAMES})\.[a-z0-9_]{{8}}{re.escape(_UNFINISHED)}")
    for left in path.parent.iterdir():
        if not ours.fullmatch(left.name):
            continue
        with suppress(OSError):  # locked, missing, or of another user
            handle = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                facts = os.fstat(handle)
                if stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid():
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove(left)
            finally:
                os.close(handle)


def _remove(unfinished: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        unfinished.with_name(unfinished.name + suffix).unlink(missing_ok=True)


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Translate errors of writing a backup, for the time of the block.

    Raises:
        DiskFull: the disk is full.
        BackupFailed: anything else.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if "disk is full" in str(error) or getattr(error, "errno", None) == errno.ENOSPC:
            raise DiskFull(file=path, folder=path.parent) from error
        raise BackupFailed(file=path, reason=str(error)) from error


def sha256(file: Path) -> str:
    """Return the checksum of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def mode_of(file: Path) -> int:
    """Return the permissions of a file."""
    return file.stat().st_mode & 0o777


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
