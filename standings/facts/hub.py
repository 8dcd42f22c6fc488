"""What a hub said of models, and how many fetched them."""

import pyarrow as pa

from standings.facts.schema import FLAG, INT, NULLABLE, TEXT, UTC, schema

# One row is what a hub said of a model: from a poll or webhook where something of it is new, from adoption once a day.
HUB_OBSERVATIONS = schema(
    ("model", TEXT, "model id"),
    ("day", pa.date32(), "UTC day on which it was asked"),
    ("revision", TEXT, "commit sha; null where the hub has the model no more", NULLABLE),
    ("created", UTC, "when the repository was made, which is no release", NULLABLE),
    ("modified", UTC, "when it last changed", NULLABLE),
    ("private", FLAG, "only its owners see it"),
    ("gated", FLAG, "terms must be accepted before a file is given"),
    ("disabled", FLAG, "the hub has disabled it"),
    ("gone", FLAG, "deleted, or hidden from whoever asked"),
    ("pipeline", TEXT, "the hub's task, such as text-generation", NULLABLE),
    ("library", TEXT, "library that loads it, such as transformers", NULLABLE),
    ("tags", pa.list_(TEXT), "the hub's tags"),
    (
        "license",
        pa.list_(TEXT),
        "the card's licence tags, word for word; empty: it declares none; null: the card was not given",
        NULLABLE,
    ),
    ("license_name", TEXT, "the card's own name of the licence", NULLABLE),
    ("license_link", TEXT, "where the card says that its text is", NULLABLE),
    ("license_source", TEXT, "the card", NULLABLE),
    (
        "parents",
        pa.list_(pa.struct([pa.field("relation", TEXT), pa.field("model", TEXT)])),
        "models that it was made of; relation in the hub's word, empty where it gives none",
    ),
    ("parameters", INT, "values in its safetensors files", NULLABLE),
    ("safetensors", FLAG, "it has such files"),
    (
        "weights",
        TEXT,
        "hash over names, sizes and hashes of its weight files; null where they were not listed",
        NULLABLE,
    ),
    ("downloads", INT, "downloads in the last 30 days", NULLABLE),
    ("downloads_all", INT, "downloads since ever", NULLABLE),
    ("likes", INT, "likes", NULLABLE),
    ("derivatives", pa.map_(TEXT, INT), "relation to the number of models made of it so", NULLABLE),
    ("source", TEXT, "poll, webhook or adoption"),
    ("known_from", UTC, "when it was observed"),
)
