"""Make the row of one attempt: the identity spelled out, and where the numbers come from."""

import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from standings.failure import Reason
from standings.plan import Job
from standings.work import Work
from tasks import machine


def run_id() -> str:
    """Make a UUIDv7 (RFC 9562): 48 bits of milliseconds, then random, so that ids sort by time."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def succeeded(work: Work, job: Job, started: datetime, provenance: dict[str, Any]) -> dict[str, Any]:
    """Make the row of a run that has scores."""
    return {**_common(work, job, started), "status": "succeeded", **provenance}


def failed(work: Work, job: Job, started: datetime, reason: Reason, detail: str) -> dict[str, Any]:
    """Make the row of a run that has none, with why."""
    return {**_common(work, job, started), "status": "failed", "reason": reason.value, "detail": detail[:2000]}


def _common(work: Work, job: Job, started: datetime) -> dict[str, Any]:
    suite = work.suites[job.suite]
    benchmark = next(item for item in suite.benchmarks if item.id == job.benchmark)
    lock = suite.lock(benchmark)
    assert lock is not None, f"{job.suite}/{job.benchmark} was planned without a lock"
    finished, device = now(), work.place.device
    gpu, driver = (None, None) if device == "cpu" else machine.accelerator()
    return {
        "run_id": run_id(),
        "job_id": job.job_id,
        "purpose": work.purpose,
        "attempt": job.attempt,
        **work.identity,
        "suite": suite.suite,
        "benchmark": benchmark.id,
        "task": benchmark.task,
        "benchmark_id": job.benchmark_id,
        "lock": lock.sha256,
        "document_limit": benchmark.document_limit,
        "epoch": benchmark.epoch,
        "protocol": job.protocol,
        "harness": machine.version("lm-eval"),
        "engine_version": machine.engine_version(),
        "torch": machine.version("torch"),
        "pool": work.place.pool,
        "device": machine.processor() if device == "cpu" else gpu or device,
        "devices": work.place.gpus,
        "device_memory": machine.memory_found(device),
        "platform": machine.platform_name(),
        "driver": driver,
        "threads": work.place.threads,
        "batch_size": work.place.batch_size,
        "code_sha": machine.code_sha(),
        "worker": machine.worker_name(),
        "started_at": started,
        "finished_at": finished,
        "seconds": (finished - started).total_seconds(),
    }
