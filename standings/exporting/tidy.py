"""Write one Parquet file with a row a score, in the columns that the tidy import reads (docs/import.md)."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from standings.exporting.counted import Result, Row, Sheet
from standings.importing.lm_eval import unit_of
from standings.importing.tidy import OPTIONAL, REQUIRED

NAME = "scores.parquet"
KINDS = {"value": pa.float64(), "stderr": pa.float64(), "higher_is_better": pa.bool_(), "date": pa.date32()}
WHOLE = ("n", "n_correct", "document_limit", "shots")
SCHEMA = pa.schema(
    [(name, KINDS.get(name, pa.int64() if name in WHOLE else pa.string())) for name in (*REQUIRED, *OPTIONAL)]
)


def write(sheets: Iterable[Sheet], *, source: str | None = None) -> dict[str, bytes]:
    """Return the file."""
    rows = [line(item, row, source) for sheet in sheets for item in sheet.results for row in item.scores]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), sink, compression="zstd", write_page_checksum=True)
    return {NAME: sink.getvalue().to_pybytes()}


def line(item: Result, score: Row, source: str | None) -> dict[str, object]:
    """Return one row."""
    result = item.result
    variant = {"suite": result["suite"], "variant": result["variant"], "protocol": result["protocol"]}
    return {
        "model": result["model"],
        "benchmark": f"{result['suite']}/{result['benchmark']}",
        "metric": score["metric"],
        "value": score["value"],
        "unit": unit_of(score["metric"], score["value"]),
        "evidence": "measured_elsewhere",
        "organisation": result["organisation"],
        "revision": result["revision"],
        "task": score["task"],
        "filter": score["filter"],
        "higher_is_better": score["higher_is_better"],
        "stderr": score["stderr"],
        "n": score["n_docs"],
        "n_correct": score["n_correct"] if score["repeats"] == 1 else None,
        "document_limit": result["document_limit"],
        "shots": item.shots,
        "settings": "; ".join(f"{name}={value}" for name, value in variant.items()),
        "harness": "lm-eval",
        "harness_version": result["harness"],
        "source": source,
        "date": result["finished_at"].date(),
    }
