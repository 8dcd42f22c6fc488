"""What transformers and the hub raise becomes the design's reason, however it is wrapped."""

import httpx
import pytest
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

from standings.failure import Reason
from tasks.harness import failures
from tasks.weights.gguf_header import BrokenGguf


def answered(kind: type[HfHubHTTPError], status: int) -> OSError:
    """Return what transformers raises where a hub answered so."""
    response = httpx.Response(status, request=httpx.Request("GET", "https://hub.example/acme/tiny"))
    try:
        try:
            raise kind("refused", response=response)
        except HfHubHTTPError as error:
            raise OSError("You are trying to access a gated repo.") from error
    except OSError as wrapped:
        return wrapped


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        pytest.param(answered(GatedRepoError, 403), Reason.GATED, id="terms not accepted"),
        pytest.param(answered(RepositoryNotFoundError, 401), Reason.GATED, id="no token"),
        pytest.param(answered(HfHubHTTPError, 503), Reason.INFRASTRUCTURE, id="hub down"),
        pytest.param(
            ValueError("Please pass the argument `trust_remote_code=True` to allow custom code to be run."),
            Reason.UNSUPPORTED,
            id="code of the model's own",
        ),
        pytest.param(
            OSError(
                "acme/tiny does not appear to have a file named model.safetensors or model.safetensors.index.json "
                "and thus cannot be loaded with `safetensors`. Please do not set `use_safetensors=True`."
            ),
            Reason.UNSUPPORTED,
            id="pickles alone",
        ),
        pytest.param(BrokenGguf("ends within blk.0"), Reason.UNSUPPORTED, id="verified bytes that are no GGUF"),
        pytest.param(RuntimeError("DefaultCPUAllocator: can't allocate memory"), Reason.TOO_LARGE, id="torch"),
        pytest.param(OSError(28, "No space left on device"), Reason.INFRASTRUCTURE, id="disk full"),
    ],
)
def test_an_exception_is_named_by_its_reason(raised: Exception, reason: Reason):
    assert failures.name(raised)[0] is reason
