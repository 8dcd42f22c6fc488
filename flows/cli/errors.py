"""Say in one line what went wrong: where, what, and the remedy. The exit code says of which sort it is."""

import errno
import sys
from collections.abc import Iterable

FAULT = 1  # what was asked for has a fault: the check found some, a job failed, a repeated run differs
USAGE = 2  # it could not be asked like this: options, settings, unknown names, nothing there yet
UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOSPC)
INTERRUPTED = 130  # as a shell has it: 128 and the number of SIGINT


class Stop(Exception):
    """End the command with a message for a person."""

    def __init__(self, where: str, what: str, remedy: str = "", code: int = USAGE) -> None:
        super().__init__(f"{where}: {' '.join(filter(None, [what, remedy]))}")
        self.code = code


def not_known(option: str, what: str, given: str, known: Iterable[str]) -> Stop:
    """Word an unknown name, with the nearest known one, or all of them where few are."""
    from standings.faults import nearest

    names = sorted(known)
    listed = f"There are: {', '.join(names[:12])}{', …' if len(names) > 12 else ''}." if names else "There is none."
    return Stop(option, f"{what} '{given}' is not known.", nearest(given, names) or listed)


def require_known(option: str, what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Stop at the first name that is not known."""
    names = set(known)
    for name in given:
        if name not in names:
            raise not_known(option, what, name, names)


# Errors of modules that a light command does not load: they are looked up where they were loaded.
EXPECTED = (
    ("flows.reproducing", "CannotReproduce", "reproduce: {}", FAULT),
    ("tasks.materialise", "CheckFailed", "board: the facts break a check, and the board stays as it was.\n{}", FAULT),
    (
        "tasks.workplace",
        "BrokenRegistry",
        "{}\nNothing was done: correct the registry first. See also: standings check",
        FAULT,
    ),
    ("tasks.planning", "EmptyRegistry", "registry: {}", FAULT),
    ("tasks.planning", "NotLocked", "registry/suites: {}", FAULT),
    ("tasks.machine", "NoAccelerator", "settings: {}", USAGE),
    ("tasks.pools", "BrokenPools", "STANDINGS_POOLS: {}", USAGE),
    ("standings.work", "WrongMachine", "run: {}", USAGE),
    ("tasks.leases", "TooFewGpus", "STANDINGS_GPUS: {}", USAGE),
    ("tasks.store", "Missing", "lake: {}", FAULT),
    ("tasks.parquet", "Faulty", "lake: {}", FAULT),
    ("tasks.publish", "BeingCollected", "snapshot: {}", FAULT),
    ("tasks.holding", "NotHeld", "snapshot release: {}", FAULT),
    ("tasks.snapshot_gc", "Collecting", "snapshot gc: {}", FAULT),
    ("tasks.s3", "NoConditionalWrites", "STANDINGS_LAKE: {}", USAGE),
    ("tasks.s3", "Unreachable", "STANDINGS_LAKE: {}", USAGE),
    ("tasks.s3", "Broken", "lake: {}", FAULT),
    ("tasks.seaweed", "NoServer", "lake up: {}", USAGE),
    ("tasks.prefect_server", "NotServed", "up: {}", USAGE),
    ("standings.webhook", "NoSecret", "settings: {}", USAGE),
)


def words(error: BaseException) -> tuple[str, int] | None:
    """Return the message and exit code of an error that a user can bring about; None for one that is a bug."""
    if isinstance(error, Stop):
        return str(error), error.code
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        told = f"{error.filename or 'disk'}: {error.strerror}."
        return f"{told} Set STANDINGS_HOME to a folder that can be written to.", USAGE
    if _is(error, "tasks.workplace", "UnknownName"):
        return words(not_known("registry", error.what, error.name, error.known))  # type: ignore[attr-defined]
    for module, name, told, code in EXPECTED:
        if _is(error, module, name):
            return told.format(error), code
    return None


def _is(error: BaseException, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, getattr(loaded, name))
