"""`standings weights` says what lies on the disk, in the order in which it would go."""

import json
import os
from pathlib import Path

from tasks.weights import Cache
from tests.flows.conftest import Ask


def keep(root: Path, kind: str, name: str, used_at: int) -> None:
    """Put weights into the cache as if they had been used then."""
    folder = root / kind / name
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"w" * 1000)
    with Cache(root) as cache:
        cache.use(folder, f"acme/{name} at 0123456789ab")
    os.utime(folder.with_name(f"{folder.name}.use"), (used_at, used_at))


def test_weights_are_listed_the_least_recently_used_first(ask_mine: Ask, mine: Path) -> None:
    root = mine / "home" / "weights"
    keep(root, "files", "newer", 1_700_000_000)
    keep(root, "ready", "older", 1_600_000_000)
    with Cache(root) as cache:
        cache.use(root / "files" / "newer", "acme/newer at 0123456789ab")
        os.utime(root / "files" / "newer.use", (1_700_000_000, 1_700_000_000))
        said = ask_mine("weights", STANDINGS_WEIGHTS_LIMIT="2GiB").output
        found = json.loads(ask_mine("weights", "--json", STANDINGS_WEIGHTS_LIMIT="2GiB").output)
    assert [(row["weights"].split(" ")[0], row["state"], row["bytes"]) for row in found["kept"]] == [
        ("acme/older", "converted", 1000),
        ("acme/newer", "in use", 1000),
    ]
    assert (found["limit"], found["bytes"]) == (2 << 30, 2000)
    assert said.index("acme/older") < said.index("acme/newer")
    assert "2020-09-13 12:26" in said
    assert "of the 2.0 GiB they may take" in " ".join(said.split())


def test_where_there_are_no_weights_it_says_so_and_makes_nothing(ask: Ask, filled: Path) -> None:
    assert "0 folders in" in ask("weights").output
    assert not (filled / "home" / "weights").exists()
