"""Write what a hub's webhook sends, as https://huggingface.co/docs/hub/webhooks shows it."""

from typing import Any


def payload(
    name: str, action: str = "update", scope: str = "repo.content", kind: str = "model", **more: Any
) -> dict[str, Any]:
    """Return a whole payload; `more` are its further top-level fields, such as updatedRefs."""
    return {
        "event": {"action": action, "scope": scope},
        "repo": {
            "type": kind,
            "name": name,
            "id": "6366c000a2abcdf2fd69a080",
            "private": False,
            "url": {"web": f"https://huggingface.co/{name}", "api": f"https://huggingface.co/api/models/{name}"},
            "headSha": "c379e821c9c95d613899e8c4343e4bfee2b0c600",
            "tags": ["license:other"],
            "owner": {"id": "61d2000c3c2083e1c08af22d"},
        },
        "webhook": {"id": "6390e855e30d9209411de93b", "version": 3},
        **more,
    }
