"""A model's own repository comes whole or not at all: through cuts, lies, refusals and deaths of the process."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub", reason="needs the worker extra")

from standings.failure import Reason
from standings.repository import Repository
from standings.weights import HubPlace
from tasks.weights import Cache, NoRepository, NotLoadable, NoWeights, prepare
from tasks.weights.verified import contents, sha256_of
from tests.hub import Fault, Hub

MODEL = "acme/tiny"
WEIGHTS = random.Random(0).randbytes(1 << 20)
FILES = {
    "config.json": b"{}",
    "tokenizer.json": b"{}" * 1000,
    "model.safetensors": WEIGHTS,
    "README.md": b"Read me",
    "original/model.safetensors": b"the same in another format",
}
TAKEN = ["config.json", "model.safetensors", "tokenizer.json"]
Get = Callable[..., Path]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.weights.patience.PAUSES", [0.0] * 5)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def get(hub: Hub, tmp_path: Path, said: list[str]) -> Get:
    """Return a way to make ready what the hub holds of the model, at its newest commit unless told."""

    def got(model: str = MODEL, revision: str | None = None, **allowed: bool) -> Path:
        place = HubPlace(hub=model, revision=revision or hub.repository(model).head)
        with Cache(tmp_path / "cache") as cache:
            return prepare(Repository(place=place, **allowed), cache, said.append)

    return got


@pytest.fixture
def commit(hub: Hub) -> str:
    return hub.repository(MODEL).commit(FILES)


def test_what_is_needed_comes_and_nothing_else(get: Get, hub: Hub, commit: str) -> None:
    folder = get()
    found = sorted(path.name for path in folder.iterdir())
    assert found == sorted([*TAKEN, "listing.json", "verified.json"])
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert sorted(name for name, *_ in hub.fetched()) == TAKEN
    assert contents(folder) == {name: sha256_of(folder / name) for name in TAKEN}


def test_a_second_time_nothing_is_asked(get: Get, hub: Hub, commit: str) -> None:
    get()
    hub.requests.clear()
    get()
    assert hub.requests == []


def test_a_revision_stays_what_it_was_when_the_repository_moves_on(get: Get, hub: Hub, commit: str) -> None:
    hub.repository(MODEL).commit({"model.safetensors": b"another", "config.json": b'{"a": 1}'})
    assert (get(revision=commit) / "model.safetensors").read_bytes() == WEIGHTS
    assert (get() / "model.safetensors").read_bytes() == b"another"


@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_after_a_cut_it_goes_on_where_it_was(get: Get, hub: Hub, commit: str, kind: str) -> None:
    hub.faults.append(Fault(kind, file="/cdn/", after=300_000, times=3))
    folder = get()
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    starts = [start for _, start, _ in hub.fetched("model.safetensors")]
    assert len(starts) == 4
    # A reset connection may lose what was under way; what was written is never asked for again.
    assert starts == sorted(starts)
    if kind == "cut":
        assert starts == [0, 300_000, 600_000, 900_000]


def test_every_third_answer_may_be_a_503(get: Get, hub: Hub, commit: str, said: list[str]) -> None:
    hub.faults.append(Fault("unavailable", every=3))
    assert (get() / "model.safetensors").read_bytes() == WEIGHTS
    assert any("503" in line and "asked again" in line for line in said)


def test_a_hub_that_stays_down_is_an_infrastructure_failure(get: Get, hub: Hub, commit: str) -> None:
    hub.faults.append(Fault("unavailable", file="/resolve/"))
    with pytest.raises(NoWeights, match="503") as caught:
        get()
    assert caught.value.reason is Reason.INFRASTRUCTURE


def test_the_next_try_goes_on_with_what_the_last_one_had(get: Get, hub: Hub, commit: str) -> None:
    hub.faults += [Fault("cut", file="/cdn/", after=700_000, times=1), Fault("unavailable", file="/cdn/")]
    with pytest.raises(NoWeights):
        get()
    hub.faults.clear()
    hub.requests.clear()
    get()
    assert hub.fetched() == [("model.safetensors", 700_000, len(WEIGHTS) - 700_000)]


def test_a_server_that_knows_no_ranges_starts_over(get: Get, hub: Hub, commit: str) -> None:
    folder = get()
    scratch = folder / ".hub"
    (folder / "model.safetensors").unlink()
    scratch.mkdir()
    sha256 = hub.repository(MODEL).commits[commit]["model.safetensors"].sha256
    (scratch / f"{sha256}.partial").write_bytes(WEIGHTS[:500])
    hub.ranges = False
    assert (get() / "model.safetensors").read_bytes() == WEIGHTS


@pytest.mark.parametrize("file", TAKEN)
def test_a_flipped_bit_is_refused_and_not_gone_on_with(get: Get, hub: Hub, commit: str, file: str) -> None:
    hub.faults.append(Fault("flip", file=file, after=1))
    with pytest.raises(NoWeights, match=rf"{file}: its (sha256|blob) is ") as caught:
        get()
    assert caught.value.reason is Reason.INFRASTRUCTURE
    hub.faults.clear()
    assert (get() / file).read_bytes() == FILES[file]


def test_a_hub_that_answers_with_another_commit_is_refused(get: Get, hub: Hub, commit: str) -> None:
    hub.repository(MODEL).card["sha"] = "d" * 40
    with pytest.raises(NoRepository, match=f"answers with commit {'d' * 40}, and {commit} is pinned"):
        get()


def test_weights_in_parts_are_those_of_the_index(get: Get, hub: Hub) -> None:
    parts = {"model-1-of-2.safetensors": b"one", "mtp.safetensors": b"two"}
    index = json.dumps({"weight_map": {str(number): name for number, name in enumerate(parts)}}).encode()
    stale = {"model-00001-of-00001.safetensors": b"left over"}
    hub.repository(MODEL).commit({"config.json": b"{}", "model.safetensors.index.json": index, **parts, **stale})
    get()
    assert {name for name, *_ in hub.fetched()} == {"config.json", "model.safetensors.index.json", *parts}


def test_a_repository_of_pickles_is_named_as_unsupported(get: Get, hub: Hub) -> None:
    hub.repository(MODEL).commit({"config.json": b"{}", "pytorch_model.bin": b"pickled"})
    with pytest.raises(NotLoadable, match="pickled weights alone") as caught:
        get()
    assert caught.value.reason is Reason.UNSUPPORTED
    assert hub.fetched() == []
    assert (get(pickle=True) / "pytorch_model.bin").read_bytes() == b"pickled"


def test_code_from_another_repository_is_refused_though_code_is_allowed(get: Get, hub: Hub) -> None:
    auto_map = json.dumps({"auto_map": {"AutoModel": "other/base--modeling.Base"}}).encode()
    hub.repository(MODEL).commit({**FILES, "config.json": auto_map, "modeling.py": b""})
    get()
    with pytest.raises(NotLoadable, match="takes code from other/base, at no pinned revision"):
        get(remote_code=True)


def test_gated_names_the_page_and_the_token(get: Get, hub: Hub, commit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = hub.repository(MODEL)
    repository.gated, repository.readers = "manual", {"hf_right"}
    with pytest.raises(NoWeights) as caught:
        get()
    assert caught.value.reason is Reason.GATED
    told = f"{MODEL} is gated: accept its terms at {hub.url}/{MODEL} "
    assert f"{told}and set HF_TOKEN (401)" in str(caught.value).splitlines()[0]
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(NoWeights) as caught:
        get()
    assert f"{told}with the account of HF_TOKEN (403)" in str(caught.value).splitlines()[0]
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    get()


def test_a_token_without_the_right_is_told_in_the_hubs_own_words(get: Get, hub: Hub, commit: str, monkeypatch) -> None:
    hub.repository(MODEL).refusals["hf_narrow"] = "Please enable access to public gated repositories in your settings."
    monkeypatch.setenv("HF_TOKEN", "hf_narrow")
    with pytest.raises(NoWeights, match=r"403: Please enable access .* in your settings\. Set HF_TOKEN to") as caught:
        get()
    assert caught.value.reason is Reason.GATED


def test_the_token_is_for_the_hub_alone(get: Get, hub: Hub, commit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    get()
    told = {(request.path.startswith("/cdn/"), request.token) for request in hub.requests}
    assert told == {(False, "hf_mine"), (True, None)}


def test_a_repository_that_strangers_do_not_see_may_be_private_or_not_there(get: Get, hub: Hub, monkeypatch) -> None:
    with pytest.raises(NoRepository) as caught:
        get("acme/nowhere", "a" * 40)
    assert caught.value.reason is Reason.GATED  # a token may show it
    assert f"401: {hub.url}/acme/nowhere does not exist, or is private" in str(caught.value)
    assert "set HF_TOKEN" in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    with pytest.raises(
        NoRepository, match=r"404: .*/acme/nowhere does not exist, or the account of HF_TOKEN"
    ) as caught:
        get("acme/nowhere", "a" * 40)
    assert caught.value.reason is Reason.INFRASTRUCTURE


def test_a_revision_that_is_not_there_is_told_from_a_repository_that_is_not(get: Get, commit: str) -> None:
    with pytest.raises(NoRepository, match=f"404: {MODEL} has no commit {'a' * 40}. Correct the revision") as caught:
        get(revision="a" * 40)
    assert caught.value.reason is Reason.INFRASTRUCTURE
