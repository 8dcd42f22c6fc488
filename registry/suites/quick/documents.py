"""Hand a benchmark's generated documents to lm-eval."""

from dataclasses import asdict
from typing import Any

import datasets

from standings import quick


def load(benchmark: str, epoch: int = 1, documents: int = 40, **_: Any) -> datasets.DatasetDict:
    """Return the splits `documents` and `examples` of (benchmark, epoch).

    lm-eval passes a task's metadata and dataset_kwargs here; `--metadata '{"epoch": 2}'` overrides the task's own.
    """
    exam = quick.documents(benchmark, int(epoch), int(documents))
    shots = quick.examples(benchmark, int(epoch), quick.EXAMPLES)
    return datasets.DatasetDict(
        documents=datasets.Dataset.from_list([asdict(document) for document in exam]),
        examples=datasets.Dataset.from_list([asdict(example) for example in shots]),
    )
