"""Open what a command works with: settings, the registry, the lake, the board."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.cli.errors import Stop, require_known
from flows.cli.output import say
from flows.wording import counted

if TYPE_CHECKING:
    from standings.faults import Fault
    from standings.registry import Registry
    from standings.resolving import Resolved
    from standings.suite import Suite
    from tasks.lake import Lake
    from tasks.settings import Settings

PREFIX = "STANDINGS_"


def settings(home: Path | None) -> "Settings":
    """Read the settings, all faults of them reported together; `home` overrides STANDINGS_HOME."""
    from pydantic import ValidationError

    from tasks.settings import Settings

    _warn_of_misspelt(Settings.model_fields)
    given: dict[str, Any] = {} if home is None else {"home": home}
    try:
        found = Settings(**given)
    except ValidationError as error:
        faults = [
            f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}, not '{item['input']}'. "
            f"It is the {Settings.model_fields[str(item['loc'][0])].description}."
            for item in error.errors()
        ]
        raise Stop("settings", "\n".join(faults)) from error
    if not found.registry.is_dir():
        raise Stop(f"{PREFIX}REGISTRY", f"{found.registry} is no folder.", "Give the folder of the registry's YAML.")
    return found


def _warn_of_misspelt(known: "dict[str, Any]") -> None:
    """A misspelt setting would be ignored in silence."""
    from rapidfuzz import fuzz, process

    names = [PREFIX + name.upper() for name in known]
    for given in sorted(name for name in os.environ if name.startswith(PREFIX) and name not in names):
        if found := process.extractOne(given, names, scorer=fuzz.ratio, score_cutoff=88):
            say(f"{given}: no such setting, and ignored. Did you mean {found[0]}?")


def look_at_registry(settings: "Settings") -> tuple["Registry", "dict[str, Suite]", list["Fault"]]:
    """Read the registry, joined with what was accepted of a hub, and the suites, with every fault of them."""
    from standings.canary import faults as canary_faults
    from standings.checking import check_joined
    from tasks.registry_files import read, read_canary, read_policy, read_suites

    yaml, faults = read(settings.registry)
    suites, suite_faults = read_suites(settings.registry)
    joined = join(settings, yaml)
    _, policy_faults = read_policy(settings.registry)
    canary, found = read_canary(settings.registry)
    found += canary_faults(canary, joined.registry, suites) if canary else []
    faults = [*faults, *suite_faults, *policy_faults, *check_joined(yaml, joined, suites), *found]
    return joined.registry, suites, faults


def look_at_suites(settings: "Settings") -> tuple["dict[str, Suite]", list["Fault"]]:
    """Read the suites, with every fault of the files: no lake is asked for what none can change."""
    from tasks.registry_files import read, read_suites

    (_, faults), (suites, suite_faults) = read(settings.registry), read_suites(settings.registry)
    return suites, [*faults, *suite_faults]


def anything_observed(settings: "Settings") -> bool:
    """Say whether the lake knows anything of a hub: a command stays quick to start where there is nothing to read."""
    from tasks.registry_files import anything_observed
    from tasks.s3 import open_store

    return anything_observed(open_store(settings.address))


def join(settings: "Settings", yaml: "Registry") -> "Resolved":
    """Join the registry's files with what was accepted of a hub."""
    from standings.resolving import resolve

    if not anything_observed(settings):
        return resolve(yaml)
    from tasks.discovery import resolved

    return resolved(lake(settings), yaml)


def warn_of_faults(faults: list["Fault"]) -> None:
    """Say on standard error that what follows is of the sound entries alone."""
    if errors := sum(fault.severity == "error" for fault in faults):
        say(f"registry: {counted(errors, 'fault')}; only what is sound is shown. See: standings check")


def suite_named(name: str, suites: "dict[str, Suite]") -> "Suite":
    """Return a suite, or stop with the nearest name."""
    require_known("suite", "suite", [name], suites)
    return suites[name]


def lake(settings: "Settings") -> "Lake":
    """Open the lake; reading one that is not there creates nothing."""
    from tasks.lake import Lake
    from tasks.s3 import open_store

    return Lake(open_store(settings.address, settings.cache, settings.cache_limit))


def newest_board(settings: "Settings") -> Path:
    """Return the published board's file, or stop where there is none yet."""
    from tasks.refresh import newest

    board = newest(lake(settings), settings.boards)
    if board is None:
        remedy = "Run `standings run` or `make demo` first, or give the folder with --home."
        raise Stop(str(settings.home), "no leaderboard was built here yet.", remedy)
    return board


def require_worker() -> None:
    """Stop where this environment can't evaluate."""
    from tasks.machine import has_worker

    if not has_worker():
        remedy = "Run in the repository: pip install -c constraints.txt '.[worker]'"
        raise Stop("worker", "torch and lm-eval are not installed here.", remedy)
