"""Set Prefect up for a flow in this process with no server. Must be called before prefect is imported."""

import os
import sys
from pathlib import Path

# Measured in Prefect 3.8.8: without batches a 40-task flow recorded 13 to 26 of its tasks, at four times the CPU; the
# default start-up limit of 20 s failed on a fresh home.
SETTINGS = {
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "WARNING",
}


def set_up(home: Path) -> None:
    """Set what is not set: a server that the user names stays the user's."""
    assert "prefect" not in sys.modules, "prefect reads its settings when it is imported, and was"
    prefect_home = home.absolute() / "prefect"
    prefect_home.mkdir(parents=True, exist_ok=True)  # Prefect makes its own home, but no folder above it
    for name, value in {**SETTINGS, "PREFECT_HOME": str(prefect_home)}.items():
        os.environ.setdefault(name, value)
