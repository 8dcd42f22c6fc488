"""Give tests a real Prefect server and real process workers: the same code that `standings up` runs.

    with serving(tmp_path / "prefect") as server, working(server.environment | {...}, "standings", "one", 2, log):
        ...

It takes 12 to 18 s and a core to start: one server for a test file, and stopped by its process id.
"""

from tasks.prefect_server import Server, serving, start_worker, stop, working

__all__ = ["Server", "serving", "start_worker", "stop", "working"]
