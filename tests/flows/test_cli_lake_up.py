"""`standings lake up` serves a lake for the workers of one machine, and `lake check` looks it over."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.flows.conftest import Ask


def test_a_lake_is_served_until_it_is_told_to_stop(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "flows.cli", "lake", "up", "--home", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout
        lines = [served.stdout.readline().strip().removeprefix("export ") for _ in range(4)]
        given = dict(line.split("=", 1) for line in lines)
        looked = [sys.executable, "-m", "flows.cli", "lake", "check", "--home", str(tmp_path / "elsewhere")]
        text = subprocess.run(looked, env={**os.environ, **given}, capture_output=True, text=True, check=True).stdout
        served.send_signal(signal.SIGTERM)
        assert served.wait(40) == 0
    assert text == f"Lake s3://standings/ at {given['STANDINGS_S3_ENDPOINT']}\n0 runs admitted.\n"
    assert not list(tmp_path.glob("elsewhere/*"))


def test_the_lake_is_looked_over_and_a_fault_is_no_success(ask: Ask) -> None:
    found = ask("lake", "check", "--deep")
    assert "each read and verified again" in found.stdout
    assert found.exit_code in {0, 1}


def test_an_address_that_is_no_bucket_is_a_setting_to_correct(ask: Ask) -> None:
    found = ask("lake", "check", STANDINGS_LAKE="s3:/oops")
    assert found.exit_code == 2
    assert "write s3://NAME or s3://NAME/PREFIX" in found.stderr
