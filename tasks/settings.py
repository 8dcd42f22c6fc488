"""Read settings once, at the edge: from the environment as STANDINGS_…, typed, all faults reported together."""

import os
import tempfile
from pathlib import Path
from typing import Literal

from pydantic import ByteSize, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from standings.address import Address, Bucket, bucket_of
from standings.paths import folder
from tasks.cache import CACHE_LIMIT


class Settings(BaseSettings):
    """Where things lie and what a worker may use. Reading settings creates nothing."""

    model_config = SettingsConfigDict(env_prefix="STANDINGS_", frozen=True)

    home: Path = Field(Path(".standings"), description="folder of everything that is made: lake, weights, boards, logs")
    lake: str | None = Field(
        None, description="folder or s3://bucket/prefix of facts and snapshots; default: the folder lake in home"
    )
    s3_endpoint: str | None = Field(None, description="address of an S3 server other than AWS")
    s3_region: str | None = Field(None, description="region of the bucket")
    s3_connect_seconds: float = Field(5.0, gt=0, description="time limit of a connection to S3")
    s3_read_seconds: float = Field(60.0, gt=0, description="time limit of an answer of S3")
    s3_attempts: int = Field(10, ge=1, description="times that a request to S3 is tried")
    registry: Path = Field(default_factory=lambda: folder("registry"), description="folder of the registry's YAML")
    threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description="CPU threads of a worker")
    device: Literal["cpu", "cuda"] = Field("cpu", description="what a worker computes on")
    gpus: int | None = Field(None, ge=1, le=16, description="how many of this machine's GPUs are used; default: all")
    leases: Path = Field(
        default_factory=lambda: Path(tempfile.gettempdir()) / "standings-gpus",
        description="folder of the locks by which this machine's workers share its GPUs",
    )
    pools: Path | None = Field(
        None, description="file of the machines that work, as infra/pools.yaml; default: this machine alone"
    )
    memory: ByteSize | None = Field(
        None, gt=0, description="memory a model may take, such as 24GiB; default: all that the machine or its GPU has"
    )
    memory_limit: ByteSize | None = Field(
        None, description="what a worker may allocate; more is a too_large failure. Default: no limit"
    )
    weights_limit: ByteSize | None = Field(
        None, gt=0, description="what weights may take on the disk, such as 200GiB; default: half of the disk"
    )
    cache_limit: ByteSize = Field(
        ByteSize(CACHE_LIMIT), ge=0, description="what copies of a bucket's objects may take on the disk"
    )
    job_minutes: float = Field(240.0, gt=0, description="wall-clock limit of one job")
    load_minutes: float = Field(60.0, gt=0, description="wall-clock limit of fetching and loading a model")
    batch_size: int = Field(8, ge=1, description="batch size of lm-eval's own path")
    workers: Literal["process", "kubernetes"] = Field(
        "process", description="what the pools' workers start: processes of theirs, or Kubernetes jobs"
    )
    alarm_webhook: SecretStr | None = Field(
        None, description="address that gets a JSON message when nights fail or do not come; a secret"
    )
    alarm_block: str | None = Field(
        None, pattern="^[a-z-]+/[a-z0-9-]+$", description="Prefect notification block for the same, as TYPE/NAME"
    )
    webhook_secret: SecretStr | None = Field(
        None, description="what the hub sends with its webhooks as X-Webhook-Secret; default: none are received"
    )

    @field_validator("lake")
    @classmethod
    def _is_an_address(cls, given: str | None) -> str | None:
        if given is not None:
            bucket_of(given)
        return given

    @property
    def address(self) -> Address:
        """Where facts and published snapshots are: a bucket, the folder that is named, or the one in home."""
        if self.lake is None:
            return (self.home / "lake").absolute()
        if (found := bucket_of(self.lake)) is None:
            return Path(self.lake).absolute()
        return self.bucket(*found)

    def bucket(self, name: str, prefix: str) -> Bucket:
        """Describe a bucket of the S3 server that these settings name."""
        return Bucket(
            name=name,
            prefix=prefix,
            endpoint=self.s3_endpoint,
            region=self.s3_region,
            connect_seconds=self.s3_connect_seconds,
            read_seconds=self.s3_read_seconds,
            attempts=self.s3_attempts,
        )

    @property
    def weights(self) -> Path:
        """Folder of fetched and dequantised weights; safe to delete."""
        return self.home / "weights"

    @property
    def cache(self) -> Path:
        """Folder of copies of a bucket's objects; safe to delete."""
        return self.home / "cache"

    @property
    def boards(self) -> Path:
        """Folder of leaderboard files; safe to delete."""
        return self.home / "boards"

    @property
    def logs(self) -> Path:
        """Folder of the harness's logs, one file per assignment."""
        return self.home / "logs"
