"""Share real weights between tests and the demo: fetched once, as the product does, and kept where the demo keeps them."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]


def weights_cache() -> Path:
    """Return the folder of fetched weights: STANDINGS_HOME's, or the checkout's."""
    home = Path(os.environ.get("STANDINGS_HOME", ROOT / ".standings"))
    cache = (home / "weights").absolute()
    cache.mkdir(parents=True, exist_ok=True)
    return cache
