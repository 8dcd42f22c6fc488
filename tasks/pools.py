"""Read the file that describes the pools of machines; every fault of it is told at once."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from standings.faults import Fault, validation_faults
from standings.pools import Pool
from tasks.registry_files import load


class BrokenPools(ValueError):
    """The file of the pools has faults; each names its entry and the remedy."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def read_pools(path: Path) -> tuple[Pool, ...]:
    """Return the pools that a file lists. Raises BrokenPools with all its faults."""
    try:
        entries = load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BrokenPools([Fault(file=str(path), wrong=f"{error.strerror}.", right=REMEDY)]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BrokenPools([Fault(file=str(path), wrong=f"is no YAML: {error}")]) from error
    if not isinstance(entries, list) or not entries:
        raise BrokenPools([Fault(file=str(path), wrong="is not a list of pools.", right=REMEDY)])
    pools, faults = [], []
    for number, entry in enumerate(entries, 1):
        place = {"file": str(path), "entry": _name(entry) or f"entry {number}", "line": getattr(entry, "line", None)}
        try:
            pools.append(Pool.model_validate(entry))
        except ValidationError as error:
            faults += validation_faults(Pool, error, place)
        if _name(entry) in map(_name, entries[: number - 1]) and _name(entry):
            faults.append(
                Fault(**place, field="name", wrong="this name is given twice.", right="Name each pool apart.")
            )
    if faults:
        raise BrokenPools(faults)
    return tuple(pools)


REMEDY = "infra/pools.yaml shows how; without STANDINGS_POOLS this machine works alone."


def _name(entry: Any) -> str | None:
    return str(entry["name"]) if isinstance(entry, dict) and "name" in entry else None
