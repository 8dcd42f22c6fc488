"""Decide whether a run may enter the board's facts. Each check returns what is wrong, all at once, and nothing else."""

import json
import math
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from standings import identity
from standings.facts import PURPOSES, STATUSES
from standings.failure import Reason

Row = Mapping[str, Any]
_NEVER_NEGATIVE = (
    "seconds",
    "load_seconds",
    "tokens_in",
    "tokens_out",
    "forwards",
    "documents_attempted",
    "documents_scored",
    "unanswered",
    "truncated",
    "prompts_cut",
)
_UNMEASURED = 999.0  # what lm-eval's metric `bypass` gives for a task that was not scored


def run_faults(run: Row, job_id: str, run_id: str) -> list[str]:
    """Check a commit record against its key, and its ids against the identity that it spells out."""
    return [*_key_faults(run, job_id, run_id), *_identity_faults(run), *_outcome_faults(run)]


def scores_faults(run: Row, scores: pa.Table) -> list[str]:
    """Check the scores that a run names."""
    return [*_belonging_faults("scores", run, scores), *_score_row_faults(scores)]


def samples_faults(run: Row, samples: pa.Table) -> list[str]:
    """Check the samples that a run names."""
    return [*_belonging_faults("samples", run, samples), *_sample_row_faults(samples)]


def _key_faults(run: Row, job_id: str, run_id: str) -> Iterator[str]:
    if run["run_id"] != run_id:
        yield f"run.run_id is {run['run_id']}, and the key says {run_id}"
    if run["job_id"] != job_id:
        yield f"run.job_id is {run['job_id']}, and the key says {job_id}"
    if not _is_uuid7(run_id):
        yield f"run_id {run_id} is no UUIDv7"


def _identity_faults(run: Row) -> Iterator[str]:
    """Compute the three ids again: a number under a wrong id would stand for a question that nobody asked."""
    if run["revision"] is None:
        yield "run.revision is null: a model without a pinned revision can't be evaluated"
        return
    variant = identity.variant_id(
        model=run["model"],
        revision=run["revision"],
        dtype=run["dtype"],
        engine=run["engine"],
        quantisation=run["quantisation"],
        reasoning=run["reasoning"],
        weights=run["weights"],
    )
    benchmark = identity.benchmark_id(lock=run["lock"], document_limit=run["document_limit"], epoch=run["epoch"])
    if run["variant_id"] != variant:
        yield f"run.variant_id is {run['variant_id']}, and its columns hash to {variant}"
    if run["benchmark_id"] != benchmark:
        yield f"run.benchmark_id is {run['benchmark_id']}, and its columns hash to {benchmark}"
    protocol = _canonical_object(run["protocol"])
    if protocol is None:
        yield "run.protocol is no object in canonical JSON"
        return
    job = identity.job_id(variant=variant, benchmark=benchmark, protocol=protocol)
    if run["job_id"] != job:
        yield f"run.job_id is {run['job_id']}, and its columns hash to {job}"


def _outcome_faults(run: Row) -> Iterator[str]:
    succeeded = run["status"] == "succeeded"
    if run["status"] not in STATUSES:
        yield f"run.status is {run['status']}, and must be one of {', '.join(STATUSES)}"
    if run["purpose"] not in PURPOSES:
        yield f"run.purpose is {run['purpose']}, and must be one of {', '.join(PURPOSES)}"
    if run["status"] == "failed" and run["reason"] not in list(Reason):
        yield f"run.reason is {run['reason']}, and a failed run's must be one of {', '.join(Reason)}"
    if succeeded and not (run["scores_sha256"] and run["scores_rows"]):
        yield "run.scores_sha256 or scores_rows is empty: a run that succeeded has scores"
    if not succeeded and (run["scores_sha256"] or run["samples_sha256"]):
        yield f"run names scores or samples, and it {run['status']}"
    if run["finished_at"] < run["started_at"]:
        yield f"run.finished_at {run['finished_at']} is before started_at {run['started_at']}"
    if run["attempt"] < 1:
        yield f"run.attempt is {run['attempt']}, and begins at 1"
    for name in _NEVER_NEGATIVE:
        if run[name] is not None and not 0 <= run[name] < math.inf:
            yield f"run.{name} is {run[name]}"
    if succeeded and (run["documents_scored"] or 0) > (run["documents_attempted"] or math.inf):
        yield f"run.documents_scored is {run['documents_scored']} of {run['documents_attempted']} attempted"


def _belonging_faults(name: str, run: Row, table: pa.Table) -> Iterator[str]:
    if table.num_rows != run[f"{name}_rows"]:
        yield f"{name} has {table.num_rows} rows, and run names {run[f'{name}_rows']}"
    strangers = set(pc.unique(table["run_id"]).to_pylist()) - {run["run_id"]}
    if strangers:
        yield f"{name}.run_id is another run's: {', '.join(sorted(strangers))}"


def _score_row_faults(scores: pa.Table) -> Iterator[str]:
    rows = scores.to_pylist()
    yield from _repeated("scores", Counter((row["task"], row["metric"], row["filter"]) for row in rows))
    for row in rows:
        where = f"scores ({row['task']}, {row['metric']}, {row['filter']})"
        if row["metric"] == "bypass" or row["value"] == _UNMEASURED:
            yield f"{where}: the harness measured nothing (bypass)"
        if not math.isfinite(row["value"]):
            yield f"{where}: value is {row['value']}"
        if row["stderr"] is not None and not 0 <= row["stderr"] < math.inf:
            yield f"{where}: stderr is {row['stderr']}"
        if row["n_docs"] < 1 or row["repeats"] < 1 or row["n"] < row["n_docs"]:
            yield f"{where}: n is {row['n']} for {row['n_docs']} documents and {row['repeats']} repeats"
        if row["n_correct"] is not None and not 0 <= row["n_correct"] <= row["n"]:
            yield f"{where}: n_correct is {row['n_correct']} of {row['n']}"
        if row["n_correct"] is not None and not 0 <= row["value"] <= 1:
            yield f"{where}: value is {row['value']}, and the share of {row['n_correct']} of {row['n']} can't be"


def _sample_row_faults(samples: pa.Table) -> Iterator[str]:
    places = zip(*(samples[name].to_pylist() for name in ("task", "doc_id", "repeat", "filter")), strict=True)
    yield from _repeated("samples", Counter(places))
    values = samples["outcomes"].combine_chunks().items
    endless = pc.sum(pc.invert(pc.is_finite(values))).as_py()
    if endless:
        yield f"samples.outcomes holds {endless} numbers that are not finite"


def _repeated(name: str, counted: Counter[tuple[Any, ...]]) -> Iterator[str]:
    twice = [key for key, times in counted.items() if times > 1]
    if twice:
        yield f"{name} has {len(twice)} rows twice, the first is ({', '.join(map(str, twice[0]))})"


def _canonical_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and identity.canonical(value) == text else None


def _is_uuid7(text: str) -> bool:
    try:
        value = uuid.UUID(text)
    except ValueError:
        return False
    return str(value) == text and value.version == 7
