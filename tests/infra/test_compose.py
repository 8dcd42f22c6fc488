"""compose.yaml, as Docker Compose itself resolves it. Nothing is started: there is no Docker engine here."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.prefect_server import DURABLE, LEASES

INFRA = Path(__file__).parents[2] / "infra"
NEEDED = ["PREFECT_AUTH", "POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "STANDINGS_WEBHOOK_SECRET"]


def config(given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Let Docker Compose read the file with these secrets and no others."""
    # The program itself: the script that its package installs beside it ends with 0 whatever it ended with.
    compose = Path(sysconfig.get_path("purelib")) / "compose" / "docker-compose"
    return subprocess.run(
        [compose, "-f", INFRA / "compose.yaml", "--profile", "gpu", "config", "--format", "json"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **given},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    done = config({name: f"secret-{name.lower()}" for name in NEEDED})
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)["services"])


@pytest.mark.parametrize("missing", NEEDED)
def test_without_a_secret_nothing_starts_and_the_secret_is_named(missing: str) -> None:
    done = config({name: "x" for name in NEEDED if name != missing})
    assert done.returncode != 0
    assert "required variable" in done.stderr
    assert missing in done.stderr


def test_the_example_names_every_secret_and_gives_none() -> None:
    given = (INFRA / "compose.example.env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in given if line and not line.startswith("#"))
    assert set(NEEDED) <= values.keys()
    assert set(values.values()) == {""}


def test_nothing_is_published_beyond_loopback(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_the_object_store_is_out_of_the_database_s_network(services: dict[str, Any]) -> None:
    assert list(services["seaweedfs"]["networks"]) == ["objects"]
    assert "objects" not in services["postgres"]["networks"]
    assert "objects" not in services["prefect"]["networks"]


@pytest.mark.parametrize("name", ["prefect", "services"])
def test_the_server_has_every_setting_that_lives_through_nights(services: dict[str, Any], name: str) -> None:
    environment = services[name]["environment"]
    settings = {key: value for key, value in DURABLE.items() if value != LEASES}
    assert {key: environment[key] for key in settings} == settings
    assert environment["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"] == "prefect_redis.lease_storage"
    assert environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"].startswith("postgresql+asyncpg://")


def test_workers_serve_pools_that_the_pools_file_describes(services: dict[str, Any]) -> None:
    pools = {pool["name"] for pool in yaml.safe_load((INFRA / "pools.yaml").read_text())}
    served = [service["command"] for service in services.values() if "--pool" in (service.get("command") or [])]
    assert {command[command.index("--pool") + 1] for command in served} <= pools | {"control"}


def test_the_worker_with_a_card_asks_for_all_of_them(services: dict[str, Any]) -> None:
    [device] = services["worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"
    assert device["capabilities"] == ["gpu"]
    assert services["worker"]["environment"]["STANDINGS_DEVICE"] == "cuda"


def test_our_containers_have_no_privilege_and_a_root_that_is_read_only(services: dict[str, Any]) -> None:
    ours = [service for service in services.values() if service["image"].startswith("standings-")]
    assert len(ours) >= 6
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in ours)
