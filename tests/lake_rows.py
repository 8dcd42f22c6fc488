"""Write fact rows for tests: each call names only what matters to the test."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from standings.facts import table
from standings.identity import benchmark_id, job_id, variant_id

START = datetime(2026, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


def day(number: float) -> datetime:
    """Return a time that many days after the start of the lake."""
    return START + timedelta(days=number)


@dataclass
class LakeRows:
    """The fact tables while they grow, in the order in which the gate saw the runs."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def facts(self) -> dict[str, pa.Table]:
        """Return the tables, typed and checked as the lake's."""
        return {name: table(name, rows) for name, rows in self.rows.items()}

    def add(self, name: str, row: Row) -> Row:
        """Append a row to a table."""
        self.rows.setdefault(name, []).append(row)
        return row

    def model(self, model: str, variant: str = "bf16", *, revision: str = "r1", known: float = 0, **more: Any) -> Row:
        """Register a variant; the weights are open and the origin is DE unless told."""
        origin = more.get("origin", "DE")
        made = variant_id(model=model, revision=revision, dtype=variant, engine="hf")
        defaults = {
            "variant_id": made, "is_primary": True, "name": model, "organisation": "org", "organisation_name": "Org",
            "origin": origin, "origin_countries": origin.split("+") if origin else [], "origin_disputed": False,
            "origin_name": origin, "revision": revision, "kind": "instruct", "access": "weights", "dtype": variant,
            "engine": "hf", "reasoning": "off", "licence": "mit", "licence_class": "osi_approved",
            "lineage_class": "osi_approved", "lineage_differs": False, "removed": False, "valid_from": date(2026, 1, 1),
            "known_from": day(known), "active_b": 1.0, "total_b": 1.0,
        }  # fmt: skip
        return self.add("models", {"model": model, "variant": variant, **defaults, **more})

    def benchmark(self, suite: str, name: str, *, epoch: int = 1, known: float = 0, **more: Any) -> Row:
        """Give a suite a benchmark, or a new version of it."""
        defaults = {
            "benchmark_id": benchmark_id(lock=f"lock of {name}", epoch=epoch), "task": name, "title": name,
            "category": "reasoning", "metric": "acc", "filter": "none", "chance": 0.0, "documents": 100, "epoch": epoch,
            "removed": False, "valid_from": date(2026, 1, 1), "known_from": day(known),
        }  # fmt: skip
        return self.add("benchmarks", {"suite": suite, "benchmark": name, **defaults, **more})

    def want(self, benchmark: Row, model: Row, *, known: float = 0, protocol: str = "{}", **more: Any) -> Row:
        """Ask a variant a benchmark."""
        names = {name: benchmark[name] for name in ("suite", "benchmark", "benchmark_id")}
        names |= {name: model[name] for name in ("model", "variant", "variant_id", "kind")}
        made = job_id(variant=model["variant_id"], benchmark=benchmark["benchmark_id"], protocol={"asked": protocol})
        defaults = {
            "job_id": made, "protocol": protocol, "removed": False, "valid_from": date(2026, 1, 1),
            "known_from": day(known),
        }  # fmt: skip
        return self.add("wanted", {**names, **defaults, **more})

    def run(
        self,
        wanted: Row,
        *,
        right: int | None = None,
        n: int = 100,
        at: float = 1,
        fault: str | None = None,
        **more: Any,
    ) -> Row:
        """Attempt a job: `right` of `n` answers, or a failure where `right` is None; the gate sees it at once."""
        number = len(self.rows.get("run", ())) + 1
        benchmark = next(it for it in self.rows["benchmarks"] if it["benchmark_id"] == wanted["benchmark_id"])
        copied = ("job_id", "model", "variant", "variant_id", "kind", "suite", "benchmark", "benchmark_id", "protocol")
        defaults = {
            "run_id": f"{number:08d}", "purpose": "board", "attempt": 1,
            "status": "failed" if right is None else "succeeded", "reason": "infrastructure" if right is None else None,
            "engine": "hf", "reasoning": "off", "task": benchmark["task"], "lock": "lock", "epoch": benchmark["epoch"],
            "started_at": day(at), "finished_at": day(at), "seconds": 1.0,
        }  # fmt: skip
        made = self.add("run", {**{name: wanted[name] for name in copied}, **defaults, **more})
        if right is not None:
            self.score(made, right=right, n=n, **{name: benchmark[name] for name in ("task", "metric", "filter")})
        if fault != "unseen":
            self.admit(made, at=at, fault=fault)
        return made

    def score(self, run: Row, *, right: int, n: int, **more: Any) -> Row:
        """Score a run."""
        counts = {"value": right / n, "n": n, "n_docs": n, "repeats": 1, "n_correct": right}
        defaults = {"is_aggregate": False, "metric": "acc", "filter": "none", "higher_is_better": True}
        return self.add("scores", {"run_id": run["run_id"], **counts, **defaults, **more})

    def admit(self, run: Row, *, at: float, fault: str | None = None) -> Row:
        """Let the gate look at a run."""
        number = len(self.rows.get("admissions", ())) + 1
        seen = {"admitted_seq": number, "admitted_at": day(at), "run_sha256": "0" * 64, "fault": fault}
        return self.add("admissions", {"job_id": run["job_id"], "run_id": run["run_id"], **seen})

    def rule(self, run: Row, verdict: str, *, at: float, reason: str = "looked at") -> Row:
        """Rule on a run."""
        ruling = {"verdict": verdict, "reason": reason, "who": "a person", "decided_at": day(at)}
        return self.add("verdicts", {"run_id": run["run_id"], **ruling})

    def rule_all(self, verdict: str, *, at: float, standing: bool = False, **conditions: Any) -> Row:
        """Rule on all runs that the gate has seen and that meet the conditions."""
        seen = len(self.rows.get("admissions", ()))
        ruling = {"verdict": verdict, "reason": "looked at", "who": "a person", "decided_at": day(at), **conditions}
        number = len(self.rows.get("rules", ())) + 1
        return self.add("rules", {"rule_id": f"rule {number}", "standing": standing, "admitted_to": seen, **ruling})

    def decide(self, decision: str, target: str, *, at: float, reason: str = "decided") -> Row:
        """Act as an operator."""
        act = {"decision": decision, "target": target, "reason": reason, "who": "a person", "decided_at": day(at)}
        return self.add("decisions", act)
