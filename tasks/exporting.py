"""Export what counts on a board: read its results and their scores, and write files for others."""

from collections.abc import Mapping
from pathlib import Path

from standings.exporting.counted import Sheet, sheets
from tasks.materialise import query


def counted(board: Path) -> list[Sheet]:
    """Read the results that a board shows, with all scores of their runs."""
    results = query(board, "FROM leaderboard.results")
    scores = query(board, "SELECT score.* FROM raw.scores AS score SEMI JOIN leaderboard.results USING (run_id)")
    return sheets(results.to_pylist(), scores.to_pylist())


def write(files: Mapping[str, bytes], target: Path) -> None:
    """Write files below a folder, each whole or not at all; one of the same name is replaced."""
    for name, body in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(body)
        part.replace(path)
