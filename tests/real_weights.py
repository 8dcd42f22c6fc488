"""Share real weights between tests and the demo: fetched once, as the product does, into the demo's cache."""

import os
import shutil
from pathlib import Path
from typing import Any

import yaml

from standings.paths import folder
from tasks.registry_files import read_suites
from tasks.settings import Settings
from tasks.weights import Cache, prepare
from tasks.workplace import Workplace

ROOT = Path(__file__).parents[1]
MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
ENTRIES = "models/huggingface.yaml"


def weights_cache() -> Path:
    """Return the folder of fetched weights: STANDINGS_HOME's, or the checkout's."""
    home = Path(os.environ.get("STANDINGS_HOME", ROOT / ".standings"))
    cache = (home / "weights").absolute()
    cache.mkdir(parents=True, exist_ok=True)
    return cache


def real_weights(root: Path) -> Path:
    """Return the folder of the model's weights, verified, as the registry below `root` has them."""
    manifest = open_real(root).registry.models[MODEL].primary.weights
    assert manifest is not None, f"{MODEL} has no manifest"
    return prepare(manifest, Cache(weights_cache()), lambda said: None)


def open_real(root: Path, *suites: str) -> Workplace:
    """Open what lies below `root`, asked for the real model alone, on one thread: the same sums in every process."""
    settings = Settings(home=root / "home", registry=root / "registry", threads=1)
    return Workplace.open(settings, suites=suites, models=(MODEL,))


def copy_registry(root: Path) -> Path:
    """Copy the registry below `root`, without the suites: with quick's tasks alone."""
    ours = shutil.ignore_patterns("*.lock.yaml", "core.yaml", "common.yaml", "quick.yaml", "__pycache__")
    return Path(shutil.copytree(folder("registry"), root / "registry", ignore=ours))


def lock(registry: Path, *suites: dict[str, Any]) -> None:
    """Write suites of quick's tasks, and their locks."""
    from tasks.harness.locking import lock_suite
    from tasks.locks import write

    for suite in suites:
        content = yaml.safe_dump({"title": suite["suite"], "tasks": "quick", **suite})
        (registry / "suites" / f"{suite['suite']}.yaml").write_text(content)
    known, faults = read_suites(registry)
    assert not faults, [str(fault) for fault in faults]
    for one in known.values():
        write(one, lock_suite(one, registry), registry)


def swap_weights(registry: Path, files: list[dict[str, Any]], place: Path) -> None:
    """Give the model's entry other weights, which are another revision, and leave the rest of it."""
    path = registry / ENTRIES
    content = yaml.safe_load(path.read_text())
    entry = next(item for item in content["models"] if item["id"] == MODEL)
    entry["revision"] = "sha256:" + next(item["sha256"] for item in files if item["file"] == "model.safetensors")
    manifest = {"format": "safetensors", "files": files, "places": [{"folder": str(place)}]}
    entry["variants"] = [{"name": "main", "dtype": "float32", "weights": manifest}]
    path.write_text(yaml.safe_dump(content))
