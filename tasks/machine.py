"""Say what this machine and this code are."""

import functools
import importlib.util
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import psutil

import standings
from tasks import controlgroup

CODE = ("standings", "tasks", "flows", "sql", "registry", "pyproject.toml")
# -P: a folder or file named `tasks` where somebody stands is not this project's.
PYTHON = (sys.executable, "-P", "-m")


def environment() -> dict[str, str]:
    """Return the environment in which a child started with PYTHON finds the very code that started it."""
    code = str(Path(standings.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [code, os.environ.get("PYTHONPATH")]))}


def worker_name() -> str:
    """Return the machine's name."""
    return platform.node() or "unknown"


@functools.cache
def code_sha() -> str:
    """Return this project's commit, `+dirty` where its files differ, or the version where it is installed.

    An image has no history to ask: its recipe says the commit that it was built from in STANDINGS_CODE_SHA.
    """
    if told := os.environ.get("STANDINGS_CODE_SHA"):
        return told
    checkout = Path(standings.__file__).parent.parent
    if not (checkout / ".git").exists():
        return f"version {metadata.version('standings')}"
    commit = _git(checkout, "rev-parse", "HEAD")
    return commit + ("+dirty" if _git(checkout, "status", "--porcelain", "--", *CODE) else "")


def _git(checkout: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(checkout), *words], capture_output=True, text=True, check=False)  # noqa: S607 - git is looked up as a user would
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def version(package: str) -> str | None:
    """Return an installed package's version, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def engine_version() -> str:
    """Name the library that runs the models here; a model that one version does not support may run in another."""
    return f"transformers {version('transformers')}"


def has_worker() -> bool:
    """Tell whether this environment can evaluate: torch and lm-eval are installed."""
    return version("torch") is not None and version("lm-eval") is not None


def processor() -> str:
    """Name the processor, as the run's device on a machine without a GPU."""
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    return f"cpu ({names[0] if names else platform.processor() or platform.machine()})"


def memory(device: str) -> int:
    """Return the bytes that a model may take: of the first visible GPU, or of this machine or the container it is."""
    if (found := memory_found(device)) is None:
        raise NoAccelerator("STANDINGS_DEVICE is cuda, and nvidia-smi finds no GPU. Unset it to compute on the CPU.")
    return found


@functools.cache
def memory_found(device: str) -> int | None:
    """Return the same, or None where there is no GPU to ask."""
    if device == "cuda":
        total = _nvidia_smi("memory.total", ",nounits")
        return None if total is None else int(total) * 1024**2
    there: int = psutil.virtual_memory().total
    return min(there, controlgroup.memory_limit() or sys.maxsize)


@functools.cache
def platform_name() -> str:
    """Name the operating system, the Python, and the CUDA that torch was built for where it was."""
    cuda = cuda_version()
    return f"{platform.platform()}, Python {platform.python_version()}" + (f", CUDA {cuda}" if cuda else "")


def cuda_version() -> str | None:
    """Read what CUDA torch was built for off its files: importing it takes seconds, and a parent has no use for it."""
    if (found := importlib.util.find_spec("torch")) is None or found.origin is None:
        return None
    said = re.search(r"^cuda\b.*= '([\d.]+)'", (Path(found.origin).parent / "version.py").read_text(), re.MULTILINE)
    return said and said[1]


class NoAccelerator(RuntimeError):
    """A GPU was asked for and there is none."""


@functools.cache
def accelerator() -> tuple[str | None, str | None]:
    """Name the first GPU that is visible here and its driver, as nvidia-smi does; None where there is none to ask."""
    name, _, driver = (_nvidia_smi("name,driver_version") or "").rpartition(", ")
    return name or None, driver or None


def gpu_names() -> dict[str, str]:
    """Return the UUID of each GPU of this machine by its place in nvidia-smi; empty where there is none to ask."""
    lines = (_nvidia_smi("index,uuid", every=True) or "").splitlines()
    return dict(line.split(", ", 1) for line in lines)


def _nvidia_smi(columns: str, form: str = "", every: bool = False) -> str | None:
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "").partition(",")[0] or "0"
    asked = [] if every else [f"--id={first}"]
    words = ["nvidia-smi", *asked, f"--query-gpu={columns}", f"--format=csv,noheader{form}"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
