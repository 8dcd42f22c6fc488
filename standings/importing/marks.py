"""Name what stands in the way of comparing a number with ours. The words are kept with the number, in the lake."""

from enum import StrEnum


class Mark(StrEnum):
    """One reason to be careful."""

    SHOTS_UNKNOWN = "shots_unknown"
    HARNESS_UNKNOWN = "harness_unknown"
    HARNESS_VERSION_UNKNOWN = "harness_version_unknown"
    TASK_VERSION_UNKNOWN = "task_version_unknown"
    TASK_VERSION_DIFFERS = "task_version_differs"
    REVISION_UNKNOWN = "revision_unknown"
    REVISION_DIFFERS = "revision_differs"
    UNIT_UNKNOWN = "unit_unknown"
    N_UNKNOWN = "n_unknown"
    LIMITED = "limited"
    PARTIAL = "partial"
    QUANTISED = "quantised"
    OTHER_WEIGHTS = "other_weights"
    SAMPLES_DISAGREE = "samples_disagree"
    NOT_CHECKED = "verify_token_not_checked"


MEANING = {
    Mark.SHOTS_UNKNOWN: "the source does not say how many examples the prompt held",
    Mark.HARNESS_UNKNOWN: "the source does not say what measured it",
    Mark.HARNESS_VERSION_UNKNOWN: "the source does not say which version of the harness measured it",
    Mark.TASK_VERSION_UNKNOWN: "the source does not say which version of the lm-eval task was asked",
    Mark.TASK_VERSION_DIFFERS: "another version of the lm-eval task was asked than any suite locked at the import",
    Mark.REVISION_UNKNOWN: "the source does not say which revision of the model was asked, or names a branch",
    Mark.REVISION_DIFFERS: "another commit of the model was asked than the registry pinned at the import",
    Mark.UNIT_UNKNOWN: "the source does not say whether the value is a share or a percentage",
    Mark.N_UNKNOWN: "the source does not say how many documents are behind the value",
    Mark.LIMITED: "only the first documents were asked",
    Mark.PARTIAL: "fewer documents were graded than the benchmark has",
    Mark.QUANTISED: "the weights were quantised",
    Mark.OTHER_WEIGHTS: "an adapter or a delta was laid over the model's weights",
    Mark.SAMPLES_DISAGREE: "the sample files hold other documents than the value is of, or their mean is another",
    Mark.NOT_CHECKED: "the Hub's verification token was given, and was not checked here",
}
assert MEANING.keys() == set(Mark)
