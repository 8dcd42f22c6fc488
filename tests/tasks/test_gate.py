from tasks.harness.gate import MOST_TOKENS, Answer, Gate, sample


def test_the_sample_holds_the_longest_the_shortest_and_who_shares_with_them() -> None:
    documents = [[number, *range(100, 100 + 3 * number)] for number in range(1, 21)]
    requests = [(document, [answer]) for document in documents for answer in (7, 8)]
    chosen = sample(requests)
    assert len(chosen) == len(set(chosen)) == 8
    assert {0, 1, 38, 39} <= set(chosen)


def test_long_prompts_are_sampled_less() -> None:
    requests = [([number] * MOST_TOKENS, [1]) for number in range(20)]
    assert len(sample(requests)) == 4


def test_a_single_request_is_a_sample() -> None:
    assert sample([([1, 2], [3])]) == [0]


def test_what_was_compared_is_not_compared_again_until_it_is_twice_as_long() -> None:
    def of(length: int) -> list[tuple[list[int], list[int]]]:
        return [([1] * (length - 1), [2])]

    gate = Gate("float32")
    assert [bool(gate.choose(of(length))) for length in (10, 20, 21, 42, 43)] == [True, False, True, False, True]


def test_the_first_requests_beyond_the_window_are_compared() -> None:
    gate = Gate("float32", window=64)
    assert gate.choose([([1] * 60, [2])])
    assert gate.choose([([1] * 70, [2])])
    assert not gate.choose([([1] * 80, [2])])


def test_rounding_agrees_and_a_hundredth_does_not() -> None:
    gate = Gate("float32")
    assert gate.difference([Answer(-10.00005, False)], [Answer(-10.0, False)]) is None
    reason = gate.difference([Answer(-1.0, False), Answer(-10.01, False)], [Answer(-1.0, False), Answer(-10.0, False)])
    assert reason == (
        "of 2 requests compared with the stock path, the largest difference was 0.01 "
        "(shared -10.010000, stock -10.000000), where float32 allows 0.001"
    )


def test_a_greedy_flag_must_agree_in_fp32_and_may_flip_in_half_precision() -> None:
    ours, theirs = [Answer(-1.0, True)], [Answer(-1.0, False)]
    assert "another greedy flag" in (Gate("float32").difference(ours, theirs) or "")
    assert Gate("bfloat16").difference(ours, theirs) is None


def test_half_precision_allows_its_own_noise_and_no_wrong_mask() -> None:
    assert Gate("bfloat16").difference([Answer(-10.3, False)], [Answer(-10.0, False)]) is None
    assert Gate("bfloat16").difference([Answer(-12.0, False)], [Answer(-10.0, False)]) is not None
