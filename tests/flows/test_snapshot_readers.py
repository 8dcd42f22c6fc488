"""The published file is the API: other versions of DuckDB open it under another name, and one reads it over HTTP.

The versions are fetched from the package registry once, into pytest's cache.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tasks.snapshots import BOARD
from tests.served import served

PACKAGES = {
    "1.2.2": ["duckdb==1.2.2"],
    "1.5.5": ["duckdb==1.5.5", "duckdb-extension-httpfs==1.5.5"],
}
OWN = metadata.version("duckdb")  # this environment's
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text().split("## Read the board anywhere")[1].split("\n## ")[0]
# As the README has it: ATTACH and USE, since a macro looks its tables up where the reader is.
READ = """
import json, sys
sys.path.insert(0, sys.argv[1])
import duckdb
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
for statement in sys.argv[3:]:
    con.execute(statement)
con.execute(f"ATTACH '{sys.argv[2]}' AS board (READ_ONLY)")
con.execute("USE board")
macros = "SELECT schema_name || '.' || function_name FROM duckdb_functions() WHERE function_type = 'table_macro'"
found = {"version": duckdb.__version__, "macros": []}
for (name,) in con.execute(macros + " AND database_name = 'board' AND NOT internal ORDER BY ALL").fetchall():
    con.execute(f"FROM {name}()").fetchall()
    found["macros"].append(name)
found["french"] = con.execute("FROM leaderboard.standings(origin := 'FR')").fetchall()
found["overall"] = con.execute("FROM leaderboard.overall").fetchall()
json.dump(found, sys.stdout, default=str)
"""


class Ranges(SimpleHTTPRequestHandler):
    """Serve files, and parts of them."""

    asked: list[str] = []

    def do_GET(self) -> None:
        """Answer with the bytes of a Range, which httpfs asks for."""
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if wanted is None or not path.exists():
            super().do_GET()
            return
        first, last = int(wanted[1]), int(wanted[2])
        body = path.read_bytes()
        part = body[first : last + 1]
        self.asked.append(self.path)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def end_headers(self) -> None:
        """Say that parts can be asked for."""
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def fetched(request: pytest.FixtureRequest) -> Path:
    """Folder of DuckDB's versions."""
    cache = Path(request.config.cache.mkdir("duckdb"))  # type: ignore[union-attr]
    for version, packages in PACKAGES.items():
        if not (cache / version).exists():
            part = cache / f"{version}.part-{os.getpid()}"
            quiet = ["-q", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
            subprocess.run([sys.executable, "-m", "pip", "install", *quiet, "--target", part, *packages], check=True)
            part.rename(cache / version)
    return cache


@pytest.fixture(scope="module")
def snapshot(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a published snapshot, in which the board has another name."""
    [whole] = (filled / "home" / "lake" / "snapshots").iterdir()
    folder = Path(shutil.copytree(whole, tmp_path_factory.mktemp("served") / "snapshot"))
    (folder / BOARD).rename(folder / "renamed.duckdb")
    return folder


def read(fetched: Path, version: str, place: str, *statements: str) -> dict[str, Any]:
    command = [sys.executable, "-c", READ, str(fetched / version), place, *statements]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["version"] == version
    return found


@pytest.fixture(scope="module")
def today(fetched: Path, snapshot: Path) -> dict[str, Any]:
    """What this environment's DuckDB reads."""
    found = read(fetched, OWN, str(snapshot / "renamed.duckdb"))
    assert "leaderboard.standings" in found["macros"]
    assert len(found["french"]) == 1
    return found


@pytest.mark.parametrize("version", ["1.2.2", "1.5.5"])
def test_an_older_duckdb_opens_the_file_under_another_name_and_calls_every_macro(
    version: str, fetched: Path, snapshot: Path, today: dict[str, Any]
) -> None:
    found = read(fetched, version, str(snapshot / "renamed.duckdb"))
    assert {**found, "version": OWN} == today


@pytest.fixture
def address(snapshot: Path) -> Iterator[str]:
    """Serve the snapshot on loopback."""
    with served(partial(Ranges, directory=str(snapshot))) as found:
        yield found


def test_httpfs_reads_the_file_and_the_parquet_where_they_lie(
    address: str, fetched: Path, today: dict[str, Any]
) -> None:
    extension = fetched / "1.5.5/duckdb_extension_httpfs/extensions/v1.5.5/httpfs.duckdb_extension"
    parquet = f"CREATE TABLE memory.main.copied AS FROM read_parquet('{address}/overall.parquet')"
    found = read(fetched, "1.5.5", f"{address}/renamed.duckdb", f"LOAD '{extension}'", parquet)
    assert {**found, "version": OWN} == today
    assert {"/renamed.duckdb", "/overall.parquet"} <= set(Ranges.asked)


def test_the_readmes_python_works(filled: Path) -> None:
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    command = code.replace('["standings", ', f'["{sys.executable}", "-m", "flows.cli", ')
    assert command != code
    variables = {"STANDINGS_HOME": str(filled / "home"), "STANDINGS_REGISTRY": str(filled / "registry")}
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "rank" in done.stdout


def test_the_readmes_sql_works_over_http(address: str, fetched: Path) -> None:
    [sql] = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
    sql = sql.replace("'standings.duckdb'", f"'{address}/renamed.duckdb'")
    sql = re.sub(r"'https://[^']*/results\.parquet'", f"'{address}/results.parquet'", sql)
    extension = fetched / "1.5.5/duckdb_extension_httpfs/extensions/v1.5.5/httpfs.duckdb_extension"
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import duckdb\n"
        "con = duckdb.connect(); con.execute(f\"LOAD '{sys.argv[2]}'\")\n"
        "for statement in con.extract_statements(sys.argv[3]): rows = con.execute(statement).fetchall()\n"
        "print(len(rows))"
    )
    command = [sys.executable, "-c", script, str(fetched / "1.5.5"), str(extension), sql]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "8", done.stderr
