"""Hold the estimate of memory against the peak seen: `python -m benchmarks.memory`, after `make demo`.

Reads the runs of a lake, and prints for each variant the peak of its processes and what the plan had said.
"""

import argparse
import json
from pathlib import Path

from standings import estimate
from tasks.lake import Lake
from tasks.store import FolderStore


def main() -> None:
    """Print one line a variant."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--home", type=Path, default=Path(".standings"), help="folder with the lake of finished runs")
    lake = Lake(FolderStore(options.parse_args().home / "lake"))
    facts = lake.facts("run", "models")
    variants = {row["variant_id"]: row for row in facts["models"].to_pylist()}
    runs = [row for row in facts["run"].to_pylist() if row["peak_memory"]]
    for variant_id in sorted({row["variant_id"] for row in runs}, key=str):
        mine = [row for row in runs if row["variant_id"] == variant_id]
        peak = max(row["peak_memory"] for row in mine)
        variant, device = variants[variant_id], "cpu" if mine[0]["device"].startswith("cpu") else "cuda"
        tokens = max(estimate.generated_tokens(json.loads(row["protocol"])) for row in mine)
        said = estimate.memory(variant, tokens, mine[0]["batch_size"], device)
        assert said is not None, f"{variant['model']} ran, and its size is not known"
        print(
            f"{variant['model']} {variant['variant']}: peak {peak / 2**20:,.0f} MiB in {len(mine)} runs, "
            f"estimate {said / 2**20:,.0f} MiB, {said / peak - 1:+.1%}"
        )


if __name__ == "__main__":
    main()
