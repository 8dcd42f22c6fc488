import lm_eval.utils

from tasks.harness.speed import cache_templates


def test_a_template_is_compiled_once_and_renders_as_before() -> None:
    template = "{{ question | regex_replace('a+', 'b') }}: {{ choices[0] }}"
    documents = [{"question": "baa", "choices": ["x"]}, {"question": "aac", "choices": ["y"]}]
    fresh = [lm_eval.utils.env.overlay().from_string(template).render(**document) for document in documents]
    cache_templates()
    cache_templates()
    assert [lm_eval.utils.apply_template(template, document) for document in documents] == fresh == ["bb: x", "bc: y"]
    assert lm_eval.utils.env.from_string(template) is lm_eval.utils.env.from_string(template)
