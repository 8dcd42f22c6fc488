"""The chart, as Helm renders it and as Kubernetes' own schemas read it. No cluster is reached."""

import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tasks.prefect_server import DURABLE, LEASES

INFRA = Path(__file__).parents[2] / "infra"
POOLS = (INFRA / "pools.yaml").read_text()


def helm(*words: str | Path, **values: str) -> subprocess.CompletedProcess[str]:
    """Run Helm on the chart."""
    given = [word for name, value in values.items() for word in ("--set-string", f"{name}={value}")]
    program = Path(sysconfig.get_path("scripts")) / "helm"
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run([program, *words, *given], capture_output=True, text=True, check=False, env=env)


def rendered(**values: str) -> list[dict[str, Any]]:
    """Render the chart as a release named `s`."""
    done = helm("template", "s", INFRA / "helm", "--set-file", f"poolsFile={INFRA / 'pools.yaml'}", **values)
    assert done.returncode == 0, done.stderr
    return [item for item in yaml.safe_load_all(done.stdout) if item]


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    return rendered(lake="s3://bucket/prefix")


def containers(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every container of every pod that the chart makes."""
    pods = [item["spec"]["template"]["spec"] for item in objects if "template" in item.get("spec", {})]
    return [container for pod in pods for container in pod["containers"]]


def test_helm_finds_no_fault_in_the_chart() -> None:
    done = helm("lint", "--strict", INFRA / "helm", lake="s3://bucket")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("release", ["1.31", "1.35"])
def test_every_object_is_what_the_schemas_of_kubernetes_allow(objects: list[dict[str, Any]], release: str) -> None:
    assert {item["kind"] for item in objects} >= {"Deployment", "StatefulSet", "Job", "Service", "Role"}
    for item in objects:
        kubernetes_validate.validate(item, release, strict=True)


def test_a_chart_without_a_lake_is_refused() -> None:
    done = helm("template", "s", INFRA / "helm")
    assert done.returncode != 0
    assert "lake" in done.stderr


def test_every_secret_comes_from_the_secret_and_none_stands_in_an_object(objects: list[dict[str, Any]]) -> None:
    words = ("PASSWORD", "SECRET", "TOKEN", "AUTH_STRING", "CONNECTION_URL", "ACCESS_KEY")
    told = [
        env for container in containers(objects) for env in container["env"] if any(w in env["name"] for w in words)
    ]
    assert len(told) > 10
    assert [env for env in told if "secretKeyRef" not in env.get("valueFrom", {})] == []
    assert [item for item in objects if item["kind"] == "Secret"] == []


@pytest.mark.parametrize("name", ["server", "services"])
def test_the_server_has_every_setting_that_lives_through_nights(objects: list[dict[str, Any]], name: str) -> None:
    [container] = [item for item in containers(objects) if item["name"] == name]
    environment = {env["name"]: env.get("value") for env in container["env"]}
    settings = {key: value for key, value in DURABLE.items() if value != LEASES}
    assert {key: environment[key] for key in settings} == settings
    assert environment["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"] == "prefect_redis.lease_storage"


def test_each_pool_with_gpus_has_a_worker_and_the_chart_names_no_other(objects: list[dict[str, Any]]) -> None:
    known = {pool["name"] for pool in yaml.safe_load(POOLS)}
    commands = [item["command"] for item in containers(objects) if item["name"] == "dispatcher"]
    assert commands
    assert {command[command.index("--pool") + 1] for command in commands} <= known


def test_no_pod_runs_as_root_or_may_become_it(objects: list[dict[str, Any]]) -> None:
    pods = [item["spec"]["template"]["spec"] for item in objects if "template" in item.get("spec", {})]
    assert all(pod["securityContext"]["runAsNonRoot"] for pod in pods)
    assert all(not item["securityContext"]["allowPrivilegeEscalation"] for item in containers(objects))


def test_only_the_dispatcher_may_ask_the_cluster_and_only_for_jobs(objects: list[dict[str, Any]]) -> None:
    [role] = [item for item in objects if item["kind"] == "Role"]
    written = [rule for rule in role["rules"] if {"create", "delete", "patch"} & set(rule["verbs"])]
    assert [rule["resources"] for rule in written] == [["jobs"]]
    assert [item for item in objects if item["kind"] in ("ClusterRole", "ClusterRoleBinding")] == []
