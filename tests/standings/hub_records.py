"""What a hub says of a model, in tests: a factory shows only what its caller names."""

from datetime import UTC, datetime
from typing import Any

from standings.hub import HubRecord
from standings.identity import digest
from standings.licences import DeclaredLicence

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def sha(letter: str) -> str:
    """Return the commit that repeats a letter."""
    return letter * 40


def licensed(tag: str | None, **fields: Any) -> DeclaredLicence:
    """Return what a card declares."""
    return DeclaredLicence(license=tag, source="its card", **fields)


def record(model: str = "acme/big-Instruct", **fields: Any) -> HubRecord:
    """Return a record that meets the policy."""
    given: dict[str, Any] = {
        "revision": sha("a"),
        "created": NOON,
        "pipeline": "text-generation",
        "library": "transformers",
        "tags": ("transformers", "conversational"),
        "licence": licensed("mit"),
        "parameters": 8_000_000_000,
        "safetensors": True,
        "weights": "w" * 64 if model == "acme/big-Instruct" else digest(model),
        "downloads": 10,
    }
    return HubRecord(model=model, **given | fields)
