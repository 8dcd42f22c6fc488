"""Generate the documents of the `quick` suite: procedural, verifiable, no data set needed.

Every benchmark's documents follow from (benchmark, epoch) alone, so a new epoch is a fresh exam that nobody trained on.
"""

from standings.quick.documents import BENCHMARKS, EXAMPLES, documents, examples
from standings.quick.draw import Called, Document, MultipleChoice, Written

__all__ = ["BENCHMARKS", "EXAMPLES", "Called", "Document", "MultipleChoice", "Written", "documents", "examples"]
