"""Release models on the hub of the tests: with a card, tiny weights and numbers, and later with others."""

from typing import Any

from tests.hub.server import Hub

CONFIG = b'{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}'


def release(
    hub: Hub,
    model: str,
    *,
    weights: bytes = b"",
    day: str = "2026-05-01",
    licence: str | None = "apache-2.0",
    parameters: int = 1_000_000,
    parents: dict[str, str] | None = None,
    **fields: Any,
) -> str:
    """Publish a model of text generation, or a revision of it, and return the commit; `fields` are of its record.

    `parents` are by relation. The same weights, by default the model's own, make a revision in which only the README
    is another.
    """
    repository = hub.repository(model)
    based = [f"base_model:{relation}:{parent}" for relation, parent in (parents or {}).items()]
    card = {"license": licence} if licence else {}
    repository.card |= {
        "pipeline_tag": "text-generation",
        "library_name": "transformers",
        "tags": [
            "transformers",
            "safetensors",
            "text-generation",
            *based,
            *([f"license:{licence}"] if licence else []),
        ],
        "cardData": card,
        "safetensors": {"parameters": {"BF16": parameters}, "total": parameters},
        **fields,
    }
    readme = f"revision {len(repository.commits)}".encode()
    files = {"config.json": CONFIG, "README.md": readme, "model.safetensors": weights or model.encode()}
    return repository.commit(files, day=day)
