"""`standings webhook up` serves the receiver on loopback, and starts without no secret."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from flows.cli.app import app

UP = [sys.executable, "-m", "flows.cli", "webhook", "up", "--port", "0", "--home"]


@pytest.mark.parametrize("secret", [{}, {"STANDINGS_WEBHOOK_SECRET": "short"}])
def test_nothing_is_received_without_a_secret(tmp_path: Path, secret: dict[str, str]) -> None:
    found = CliRunner().invoke(app, ["webhook", "up", "--home", str(tmp_path)], env=secret)
    assert found.exit_code == 2
    assert "STANDINGS_WEBHOOK_SECRET: give the webhook's secret, 16 ASCII characters or more" in found.stderr
    assert "short" not in found.stderr


def test_webhooks_are_received_on_loopback_until_it_is_told_to_stop(tmp_path: Path) -> None:
    given = {**os.environ, "STANDINGS_WEBHOOK_SECRET": "a secret of this test"}
    with subprocess.Popen([*UP, str(tmp_path)], stderr=subprocess.PIPE, text=True, env=given) as served:
        assert served.stderr
        address = next(found[0] for line in served.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        assert httpx.get(f"{address}/healthz").json() == {"ok": True}
        assert httpx.post(f"{address}/webhooks/hub", json={}).status_code == 401
        served.send_signal(signal.SIGTERM)
        said = served.stderr.read()
    assert served.returncode in {0, -signal.SIGTERM}
    assert "a secret" not in said
    assert not list(tmp_path.iterdir())
