"""Read settings once, at the edge: from the environment as STANDINGS_…, typed, all faults reported together."""

import os
from pathlib import Path
from typing import Literal

from pydantic import ByteSize, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from standings.paths import folder


class Settings(BaseSettings):
    """Where things lie and what a worker may use. Reading settings creates nothing."""

    model_config = SettingsConfigDict(env_prefix="STANDINGS_", frozen=True)

    home: Path = Field(Path(".standings"), description="folder of everything that is made: lake, weights, boards, logs")
    registry: Path = Field(default_factory=lambda: folder("registry"), description="folder of the registry's YAML")
    threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description="CPU threads of a worker")
    device: Literal["cpu", "cuda"] = Field("cpu", description="what a worker computes on")
    memory: ByteSize | None = Field(
        None, gt=0, description="memory a model may take, such as 24GiB; default: all that the machine or its GPU has"
    )
    memory_limit: ByteSize | None = Field(
        None, description="what a worker may allocate; more is a too_large failure. Default: no limit"
    )
    weights_limit: ByteSize | None = Field(
        None, gt=0, description="what weights may take on the disk, such as 200GiB; default: half of the disk"
    )
    job_minutes: float = Field(240.0, gt=0, description="wall-clock limit of one job")
    load_minutes: float = Field(60.0, gt=0, description="wall-clock limit of fetching and loading a model")
    batch_size: int = Field(8, ge=1, description="batch size of lm-eval's own path")

    @property
    def lake(self) -> Path:
        """Folder of facts and published snapshots."""
        return self.home / "lake"

    @property
    def weights(self) -> Path:
        """Folder of fetched and dequantised weights; safe to delete."""
        return self.home / "weights"

    @property
    def boards(self) -> Path:
        """Folder of leaderboard files; safe to delete."""
        return self.home / "boards"

    @property
    def logs(self) -> Path:
        """Folder of the harness's logs, one file per assignment."""
        return self.home / "logs"
