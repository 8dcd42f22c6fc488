from hypothesis import given
from hypothesis import strategies as st

from tasks.harness.packing import Forest, Request, Row, common_length, plant, rows

tokens = st.lists(st.integers(0, 2), min_size=1, max_size=6)  # few tokens, so that beginnings coincide
some_requests = st.lists(st.tuples(tokens, tokens), min_size=1, max_size=8)


def above(forest: Forest, node: int) -> list[int]:
    path = []
    while node >= 0:
        path.append(node)
        node = forest.parents[node]
    return path[::-1]


def visible(forest: Forest, node: int) -> list[int]:
    return [other for other in range(node + 1) if node < forest.ends[other]]


def cut(forest: Forest, most_tokens: int = 100, most_scored: int = 100) -> list[Row]:
    return list(rows(forest, most_tokens, most_scored))


@given(some_requests)
def test_every_continuation_token_is_predicted_from_exactly_the_tokens_before_it(requests: list[Request]) -> None:
    forest = plant(requests)
    asked = [(wanted.request, wanted.node, wanted.token) for wanted in forest.wanted]
    for number, (context, continuation) in enumerate(requests):
        whole = [*context, *continuation]
        mine = sorted((node, token) for request, node, token in asked if request == number)
        assert [token for _, token in mine] == list(continuation)
        for place, (node, _) in enumerate(mine):
            before = whole[: len(context) + place]
            assert [forest.tokens[other] for other in above(forest, node)] == before
            assert forest.depths[node] == len(before) - 1


@given(some_requests)
def test_each_common_beginning_is_one_node(requests: list[Request]) -> None:
    forest = plant(requests)
    beginnings = {
        tuple(whole[:length])
        for context, continuation in requests
        for whole in [[*context, *continuation[:-1]]]
        for length in range(1, len(whole) + 1)
    }
    # Documents are laid out by context, so one context that runs into another's answers may be run twice; no more.
    assert len(beginnings) <= len(forest.tokens)
    if len({tuple(context) for context, _ in requests}) == 1:
        assert len(beginnings) == len(forest.tokens)


@given(some_requests)
def test_a_node_sees_the_nodes_above_it_and_no_others(requests: list[Request]) -> None:
    forest = plant(requests)
    for node in range(len(forest.tokens)):
        assert visible(forest, node) == above(forest, node)


@given(some_requests, st.integers(1, 9), st.integers(1, 5))
def test_rows_cover_the_forest_and_keep_what_the_next_row_sees(
    requests: list[Request], most_tokens: int, most_scored: int
) -> None:
    forest = plant(requests)
    cuts = cut(forest, most_tokens, most_scored)
    assert [node for row in cuts for node in range(row.start, row.stop)] == list(range(len(forest.tokens)))
    assert [wanted for row in cuts for wanted in row.wanted] == forest.wanted
    kept: tuple[int, ...] = ()
    for row in cuts:
        assert row.path == kept == tuple(above(forest, row.start)[:-1])
        assert row.stop - row.start <= most_tokens
        assert len(row.scored) <= most_scored
        for node in range(row.start, row.stop):
            assert set(visible(forest, node)) <= set(row.columns)
        kept = tuple(row.columns[column] for column in row.keep)
    assert kept == ()


def test_four_answers_to_one_question_cost_the_question_once() -> None:
    question = list(range(100, 150))
    forest = plant([(question, [1, 2, answer]) for answer in (3, 4, 5, 6)])
    assert len(forest.tokens) == 50 + 2  # the answers' common opening once as well, their last tokens never
    assert len(forest.scored) == 3


def test_a_row_ends_between_documents_where_one_begins_near_its_end() -> None:
    documents = [([number] * 30, [1]) for number in range(10, 14)]
    assert [(row.start, row.stop) for row in cut(plant(documents), most_tokens=70)] == [(0, 60), (60, 120)]


def test_a_few_shot_block_is_run_once_however_many_rows_follow_it() -> None:
    block = list(range(1000, 1200))
    forest = plant([([*block, *([number] * 20)], [1]) for number in range(50)])
    cuts = cut(forest, most_tokens=100)
    assert sum(row.stop - row.start for row in cuts) == 200 + 50 * 20
    assert all(row.path[:200] == tuple(range(200)) for row in cuts if row.start >= 200)


def test_equal_requests_are_answered_each() -> None:
    forest = plant([([7, 8], [9]), ([7, 8], [9])])
    assert len(forest.tokens) == 2
    assert [wanted.request for wanted in forest.wanted] == [0, 1]


def test_common_length_counts_up_to_the_first_difference() -> None:
    assert common_length((1, 2, 3), (1, 2, 4, 5)) == 2
    assert common_length((1, 2), (1, 2, 4)) == 2
    assert common_length((), (1,)) == 0
