"""Draw a benchmark's documents and examples for an epoch."""

from collections.abc import Callable, Iterator
from itertools import count as numbers
from itertools import islice
from random import Random

from standings.quick import calls, instructions, language, mathematics, reasoning, reasoning_gym_items, tools
from standings.quick.draw import Document

BENCHMARKS: dict[str, Callable[[Random], Document]] = {
    "where": reasoning.where,
    "pattern": reasoning.pattern,
    "sequence": reasoning.sequence,
    "addition": mathematics.addition,
    "largest": mathematics.largest,
    "chain_sum": reasoning_gym_items.chain_sum,
    "tool_selection": tools.select,
    "tool_arguments": tools.arguments,
    "call": calls.call,
    "follow": instructions.follow,
    "write": instructions.write,
    "translate": language.translate,
    "spell_backward": reasoning_gym_items.spell_backward,
}
EXAMPLES = 4  # drawn before the documents, so that asking for more shots never changes the exam


def examples(benchmark: str, epoch: int, count: int) -> list[Document]:
    """Return the first `count` few-shot examples of (benchmark, epoch); none of them is ever a document."""
    assert count <= EXAMPLES, f"{benchmark}: {count} examples asked for; there are {EXAMPLES}"
    return list(islice(_drawn(benchmark, epoch), count))


def documents(benchmark: str, epoch: int, count: int) -> list[Document]:
    """Return the first `count` documents of (benchmark, epoch), all with different queries."""
    return list(islice(_drawn(benchmark, epoch), EXAMPLES, EXAMPLES + count))


def _drawn(benchmark: str, epoch: int) -> Iterator[Document]:
    """Yield one stream of documents, each from its own seed, leaving out queries that came before.

    Raises ValueError when a thousand draws in a row bring nothing new: more was asked for than the generator holds.
    """
    generate = BENCHMARKS[benchmark]
    seen: set[str] = set()
    repeated = 0
    for number in numbers():
        # A string seeds Random by its SHA-512, so neither PYTHONHASHSEED nor the platform matters.
        document = generate(Random(f"{benchmark}/{epoch}/{number}"))
        if document.query in seen:
            repeated += 1
            if repeated == 1000:
                raise ValueError(f"{benchmark}: has only {len(seen)} different documents; ask for fewer")
            continue
        repeated = 0
        seen.add(document.query)
        yield document
