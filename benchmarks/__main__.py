"""Run every benchmark that needs no model, one after the other: `make bench`."""

import subprocess
import sys

COMMANDS = (
    ("benchmarks.lake", "500"),
    ("benchmarks.board",),
    ("benchmarks.scorer", "--threads", "1"),
    ("benchmarks.survival", "--kills", "1", "--only", "kills,races,strays,clocks", "--place", "folder"),
)

for command in COMMANDS:
    print("python -m", *command, flush=True)
    subprocess.run([sys.executable, "-m", *command], check=True)
    print(flush=True)
