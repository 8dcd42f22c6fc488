"""Describe the machines that work: pools of like ones, what one model can take of them, and what an hour costs."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import ByteSize, Field, model_validator

from standings.suite import SLUG, Record

HERE = "here"  # the pool that this machine is, where no pools are described
SPREADS = (1, 2, 4, 8)  # a model's heads divide by powers of two, and a node holds eight GPUs
LEAST = 1 << 20  # bytes: a bare 24 was meant otherwise


class Pool(Record):
    """So many machines of one make, which take assignments from one queue."""

    name: str = Field(pattern=SLUG)
    device: Literal["cpu", "cuda"] = "cpu"
    gpus: int = Field(0, ge=0, le=16)  # of each machine; 0: it computes on the CPU
    memory: Annotated[ByteSize, Field(ge=LEAST)]  # bytes that a model may take: of each GPU, or of the machine
    machines: int = Field(1, ge=1)
    threads: int = Field(1, ge=1)  # of each machine's CPU
    batch_size: int = Field(8, ge=1)
    engines: tuple[Literal["hf", "vllm", "api"], ...] = Field(("hf",), min_length=1)
    price: float | None = Field(None, ge=0)  # US dollars for an hour of one machine; None: not told

    @model_validator(mode="after")
    def _has_what_it_computes_on(self) -> Self:
        if self.device == "cuda" and not self.gpus:
            raise ValueError("device is cuda and gpus is 0: say how many each machine has")
        if self.device == "cpu" and self.gpus:
            raise ValueError(f"device is cpu and gpus is {self.gpus}: say device: cuda")
        return self

    @property
    def slots(self) -> int:
        """Count what assignments take: GPUs, or whole machines where there are none."""
        return self.machines * max(1, self.gpus)

    @property
    def slot_price(self) -> float | None:
        """Return US dollars for an hour of one slot."""
        return None if self.price is None else self.price / max(1, self.gpus)


class Share(NamedTuple):
    """What one model takes of one machine: so many of its GPUs, or, with 1 on the CPU, all of it."""

    pool: Pool
    devices: int

    @property
    def memory(self) -> int:
        """Return the bytes it has in all."""
        return self.devices * self.pool.memory


def shares(pools: Iterable[Pool]) -> list[Share]:
    """List what a model could take, the first that fits to be taken: least memory first, then least money.

    A machine without GPUs comes after all that have them: what it saves in memory it loses a hundredfold in time.
    """
    found = [Share(pool, count) for pool in pools for count in SPREADS if count <= max(1, pool.gpus)]
    return sorted(found, key=lambda share: (share.pool.device == "cpu", share.memory, share.pool.slot_price or 0.0))


def largest(pools: Iterable[Pool]) -> int:
    """Return the most bytes that one model can be given anywhere."""
    return max((share.memory for share in shares(pools)), default=0)


def by_name(pools: Sequence[Pool]) -> dict[str, Pool]:
    """Return the pools by name."""
    return {pool.name: pool for pool in pools}
