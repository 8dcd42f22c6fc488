"""Estimate what an assignment needs before anything is loaded."""

GIB = 1024**3
BYTES_PER_PARAMETER = {"float32": 4, "bfloat16": 2, "float16": 2}
RUNTIME = 1.0 * GIB  # Python, torch and lm-eval with a batch in flight
# Two CPU cores ran 0.14 to 0.63 B parameters at about 1e11 floating-point operations a second (docs/quick.md).
CPU_RATE = 5e10  # per thread
GPU_RATE = 1e14
TOKENS_PER_DOCUMENT = 120  # of a short benchmark; long prompts take more


def memory(total_b: float | None, dtype: str | None) -> float | None:
    """Estimate peak memory in bytes: weights at their dtype, a tenth more for activations, and the runtime.

    Seen: 1.3, 2.5 and 3.1 GB for 0.14, 0.27 and 0.63 billion parameters in float32, where this says 1.7, 2.3 and 3.9.
    None where the size is not known.
    """
    if total_b is None or dtype is None:
        return None
    return total_b * 1e9 * BYTES_PER_PARAMETER[dtype] * 1.1 + RUNTIME


def seconds(active_b: float | None, documents: int, threads: int, device: str = "cpu") -> float | None:
    """Estimate wall seconds: two operations per active parameter and token, at the rate above; None where not known."""
    if active_b is None:
        return None
    rate = GPU_RATE if device == "cuda" else CPU_RATE * threads
    return 2 * active_b * 1e9 * documents * TOKENS_PER_DOCUMENT / rate
