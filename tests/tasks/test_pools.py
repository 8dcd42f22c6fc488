"""The file of the pools is read, or each of its faults is told with its entry and the remedy."""

from pathlib import Path

import pytest

from standings.pools import largest
from tasks.pools import BrokenPools, read_pools
from tasks.workplace import Workplace
from tests.nights import Nights

GIB = 1024**3
SAMPLE = Path(__file__).parents[2] / "infra" / "pools.yaml"

BROKEN = """
- {name: a, memory: much}
- {name: a, device: gpu, memory: 24GiB}
- {name: b, device: cuda, memory: 24GiB}
- {name: c, gpus: 2, memory: 24GiB}
- {name: d, memory: 24, machnes: 2}
- {memory: 24GiB, price: -1}
- just a word
"""


def test_the_sample_is_read():
    pools = read_pools(SAMPLE)
    assert [(pool.name, pool.machines, pool.gpus, pool.memory // GIB) for pool in pools] == [
        ("cpu", 1, 0, 56),
        ("gpu-24", 2, 1, 24),
        ("gpu-80", 4, 8, 80),
        ("gpu-141", 1, 8, 141),
    ]
    assert all(pool.slot_price for pool in pools)
    assert largest(pools) == 8 * 141 * GIB


def test_all_faults_are_told_at_once_with_entry_and_remedy(tmp_path: Path):
    path = tmp_path / "pools.yaml"
    path.write_text(BROKEN)
    with pytest.raises(BrokenPools) as raised:
        read_pools(path)
    told = str(raised.value).splitlines()
    for wanted in (
        "a: memory: could not parse value and unit",
        "a: this name is given twice. Name each pool apart.",
        "a: device 'gpu' is not one of cpu, cuda.",
        "b: device is cuda and gpus is 0: say how many each machine has.",
        "c: device is cpu and gpus is 2: say device: cuda.",
        "d: memory: Input should be greater than or equal to 1048576",
        "d: field 'machnes' is not known. Did you mean 'machines'?",
        "entry 6: name is missing.",
        "entry 6: price: Input should be greater than or equal to 0",
        "entry 7: ",
    ):
        assert any(line.startswith(f"{path}: {wanted}") for line in told), (wanted, told)


@pytest.mark.parametrize("text", ["", "name: a", "- a: ["])
def test_what_is_no_list_of_pools_says_where_one_is(tmp_path: Path, text: str):
    path = tmp_path / "pools.yaml"
    path.write_text(text)
    with pytest.raises(BrokenPools, match=r"pools.yaml: is no"):
        read_pools(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(BrokenPools, match=r"gone.yaml: No such file or directory. infra/pools.yaml shows how"):
        read_pools(tmp_path / "gone.yaml")


def test_without_a_file_this_machine_is_the_only_pool(tmp_path: Path):
    nights = Nights(tmp_path)
    nights.models = {"one": "a"}
    nights.write()
    [here] = Workplace.open(nights.settings).pools
    assert (here.name, here.device, here.gpus, here.memory) == ("here", "cpu", 0, 64 * GIB)
