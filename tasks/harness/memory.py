"""Read how much memory this process has needed so far."""

import resource
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak(device: str) -> int:
    """Return the peak in bytes since the process began: of the GPUs' reserved memory, or of resident memory.

    Resident memory includes those pages of the mapped weights file that were read; the kernel can drop them, and a
    model that has to read them again at each step is no longer one that fits.
    """
    if device == "cuda":
        import torch

        return sum(torch.cuda.max_memory_reserved(index) for index in range(torch.cuda.device_count()))
    if STATUS.exists():
        # Not getrusage: its peak survives exec, so that a child would begin with its parent's.
        lines = STATUS.read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS counts in bytes
