"""The bucket and its keys, read as HCL. `terraform validate` needs its provider, which can't be had here."""

import functools
import re
from pathlib import Path
from typing import Any

import hcl2

from tasks import appended, inbox, lake, s3, segments, snapshots

FOLDER = Path(__file__).parents[2] / "infra" / "terraform"
TEXT = "\n".join(path.read_text() for path in sorted(FOLDER.glob("*.tf")))


@functools.cache
def parsed() -> list[dict[str, Any]]:
    """Parse each file, once."""
    return [hcl2.loads(path.read_text()) for path in sorted(FOLDER.glob("*.tf"))]


def blocks(kind: str) -> list[dict[str, Any]]:
    """Return all blocks of a kind."""
    return [item for file in parsed() for item in file.get(kind, [])]


def bare(text: str) -> str:
    return text.strip('"')


def statements(policy: str) -> dict[str, dict[str, Any]]:
    """Return a policy's statements by name, those that it takes from another among them."""
    [found] = [
        body
        for data in blocks("data")
        for kind, named in data.items()
        if bare(kind) == "aws_iam_policy_document"
        for name, body in named.items()
        if bare(name) == policy
    ]
    shared = re.findall(r"aws_iam_policy_document\.(\w+)\.json", " ".join(found.get("source_policy_documents", [])))
    taken = {name: item for one in shared for name, item in statements(one).items()}
    return taken | {bare(item["sid"]): item for item in found["statement"]}


def prefixes(statement: dict[str, Any]) -> set[str]:
    """Return the first folders under the lake's own that a statement speaks of."""
    found = (re.search(r"\$\{local\.lake\}(.*)", bare(item)) for item in statement["resources"])
    return {match[1].removesuffix("*") for match in found if match}


def first(*keys: str) -> set[str]:
    return {key.split("/")[0] + "/" for key in keys}


def test_every_name_that_is_used_is_declared() -> None:
    declared = {bare(name) for block in blocks("variable") for name in block}
    used = set(re.findall(r"\bvar\.(\w+)", TEXT))
    assert used == declared
    resources = {
        f"{bare(kind)}.{bare(name)}" for block in blocks("resource") for kind, item in block.items() for name in item
    }
    assert set(re.findall(r"(?<![\w.])(aws_\w+\.\w+)\.(?:id|arn|bucket)\b", TEXT)) <= resources


def test_the_lake_keeps_versions_and_no_rule_expires_what_is_current() -> None:
    assert 'status = "Enabled"' in TEXT
    [rules] = [item for block in blocks("resource") for kind, item in block.items() if "lifecycle" in bare(kind)]
    [body] = rules.values()
    expirations = [rule["expiration"] for rule in body["rule"] if "expiration" in rule]
    assert all(set(item) - {"__is_block__"} == {"expired_object_delete_marker"} for [item] in expirations)


def test_a_worker_may_add_runs_and_replace_or_delete_nothing() -> None:
    given = statements("worker")
    actions = {bare(action) for item in given.values() for action in item["actions"]}
    assert actions == {"s3:ListBucket", "s3:GetObject", "s3:PutObject"}
    [listed] = given["ListLake"]["condition"]
    assert bare(listed["variable"]) == "s3:prefix"
    assert prefixes(given["AddRuns"]) == first(inbox.INBOX)
    [condition] = given["AddRuns"]["condition"]
    assert bare(condition["variable"]) == "s3:if-none-match"
    assert prefixes(given["Probe"]) == first(s3.PROBE)


def test_a_worker_may_read_all_that_a_plan_reads() -> None:
    needed = first(inbox.INBOX, lake.LOG, appended.APPENDED, segments.COMPACTED, s3.PROBE)
    assert prefixes(statements("worker")["ReadFacts"]) == needed


def test_the_control_plane_may_delete_what_is_superseded_and_no_fact() -> None:
    deleted = prefixes(statements("control")["DeleteWhatIsSuperseded"])
    assert deleted == first(inbox.INBOX, segments.COMPACTED, snapshots.FOLDER)


def test_a_reader_reads_what_is_published_and_nothing_else() -> None:
    assert {bare(action) for item in statements("reader").values() for action in item["actions"]} == {"s3:GetObject"}
    assert f'"${{local.lake}}{snapshots.POINTER}", "${{local.lake}}{snapshots.FOLDER}*"' in TEXT
