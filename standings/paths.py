"""Find the folders that people edit: in a checkout at the top level, in an installed package beside the code."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """Return the folder `sql`, `registry` or `infra`."""
    packaged = _PACKAGE / "_data" / name
    found = packaged if packaged.is_dir() else _PACKAGE.parent / name
    assert found.is_dir(), f"{found} is neither in the package nor in the checkout"
    return found
