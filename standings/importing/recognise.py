"""Recognise a file by what is in it, never by its name; refuse by name what only looks like results."""

import csv
import json
from collections.abc import Mapping
from typing import Any

import yaml

from standings.importing import aider, eval_ever, hub, lm_eval, tidy
from standings.importing.formats import Format
from standings.importing.number import File, Reader, Reading, Refused

READERS: dict[Format, Reader] = {
    Format.LM_EVAL: lm_eval.read,
    Format.EVAL_EVER: eval_ever.read,
    Format.HUB: hub.read,
    Format.TIDY: tidy.read,
    Format.AIDER: aider.read,
}
POINTER = "is a pointer of {}, and the results are not in it. Fetch them where you got it: {}."
SUMMARY = "Give the results_*.json that it was made from, or write its numbers as a table (docs/import.md)."


def read(file: File, forced: Format | None) -> tuple[Format, Reading]:
    """Read a file in its format, or the one that a person says it is; raise Refused with the remedy."""
    refuse_what_is_no_data(file.body)
    chosen = forced or recognise(file.body)
    try:
        reading = READERS[chosen](file)
        for number in reading.numbers:
            number.require_storable()
        return chosen, reading
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError, yaml.YAMLError) as error:
        if isinstance(error, Refused):
            raise
        said = f"{error} is not there" if isinstance(error, KeyError) else str(error).splitlines()[0]
        how = "as it was told to be" if forced else "as it seems to be"
        raise Refused(f"can't be read as {chosen}, {how}: {said}. Say what it is with --format.") from error


def refuse_what_is_no_data(body: bytes) -> None:
    """Raise Refused for what a download leaves behind in place of a file."""
    start = body[:400].lstrip()
    if not start:
        raise Refused("is empty. Copy it again.")
    if start.startswith(b"version https://git-lfs.github.com/spec/"):
        raise Refused(POINTER.format("Git LFS", "git lfs pull"))
    if start.startswith(b"/annex/objects/") or b".git/annex/objects/" in start:
        raise Refused(POINTER.format("git-annex", "git annex get"))
    if start[:1] == b"<":
        raise Refused("is a web page. Fetch the file itself: the address of its raw form.")


def is_samples(body: bytes) -> bool:
    """Tell whether a file holds lm-eval's samples."""
    first = _json(body.lstrip().partition(b"\n")[0])
    return isinstance(first, Mapping) and "doc_id" in first and ("resps" in first or "filtered_resps" in first)


def recognise(body: bytes) -> Format:
    """Return the format, or raise Refused with the name of what it is instead."""
    if body.startswith(b"PAR1"):
        return Format.TIDY
    whole = _json(body)
    if whole is not None:
        return of_object(whole)
    first = _json(body.lstrip().partition(b"\n")[0])
    if isinstance(first, Mapping) and "evaluation_results" in first:
        return Format.EVAL_EVER
    if is_samples(body):
        raise Refused("holds samples, and not whose they are. Keep it beside its results_*.json, and give that.")
    header = _header(body)
    if set(tidy.REQUIRED[:4]) <= set(header):
        return Format.TIDY
    listing = _yaml(body)
    if isinstance(listing, list) and listing and isinstance(listing[0], Mapping):
        return of_object(listing)
    raise Refused(f"is none of {', '.join(Format)}. {SUMMARY}")


def of_object(whole: Any) -> Format:
    """Recognise a JSON or YAML value."""
    first = whole[0] if isinstance(whole, list) and whole else whole
    if not isinstance(first, Mapping):
        raise Refused(f"holds no results. {SUMMARY}")
    if isinstance(whole, list):
        if "dirname" in first and "pass_rate_2" in first:
            return Format.AIDER
        if ("dataset" in first and "value" in first) or "dataset" in (first.get("data") or {}):
            return Format.HUB
        raise Refused(f"is a list of something else. {SUMMARY}")
    if "evaluation_results" in first and "model_info" in first:
        return Format.EVAL_EVER
    if "config_general" in first:
        raise Refused(f"is lighteval's, which counts and asks in its own way. {SUMMARY}")
    results = first.get("results")
    if isinstance(results, Mapping) and all(isinstance(found, Mapping) for found in results.values()):
        if {"config", "configs", "versions"} & first.keys():
            return Format.LM_EVAL
        raise Refused(f"is a summary: it says results, and neither of which model nor how they came. {SUMMARY}")
    raise Refused(f"is no results file of lm-eval, maybe a summary. {SUMMARY}")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _yaml(body: bytes) -> Any:
    try:
        return yaml.load(body, yaml.BaseLoader)  # noqa: S506 — safe, and all text
    except (yaml.YAMLError, RecursionError):
        return None


def _header(body: bytes) -> list[str]:
    first = body.partition(b"\n")[0].decode("utf-8-sig", errors="replace")
    return [name.strip() for name in next(csv.reader([first]), [])]
