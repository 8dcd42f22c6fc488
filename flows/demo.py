"""Run the main job on embedded defaults: three real models, the quick suite, a leaderboard."""

from flows.running import Finished, run
from tasks.observer import Observer
from tasks.settings import Settings

SUITE = "quick"
MODELS = (
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "google/gemma-3-270m",
    "Qwen/Qwen2.5-Coder-0.5B-Instruct",
)


def demo(settings: Settings, observer: Observer) -> Finished:
    """Evaluate the demo's models on the quick suite and build the board; where that is done, do nothing."""
    return run(settings, observer, suites=(SUITE,), models=MODELS)
