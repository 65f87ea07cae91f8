import pytest

from tests.evaluation.__main__ import main
from tests.insights.llm_server import LlmServer


@pytest.fixture
def llm_server():
    server = LlmServer()
    yield server
    server.close()


def test_it_measures_a_configured_model_beside_the_rules(llm_server, monkeypatch, capsys):
    monkeypatch.setenv("INTERVIEW_LLM_BASE_URL", llm_server.base_url)
    monkeypatch.setenv("INTERVIEW_LLM_API_KEY", "key")
    monkeypatch.setenv("INTERVIEW_LLM_MODEL", llm_server.model)
    assert main(["--only", "sre-clean"]) == 0
    out = capsys.readouterr().out
    assert "Rules, on sre-clean" in out
    assert "Model, on sre-clean" in out
    runs = len(llm_server.requests)
    assert runs > 10
    assert f"{runs} runs, 0 failed" in out
    assert f"tokens {runs * 321} in, {runs * 45} out" in out


def test_it_needs_no_model(monkeypatch, capsys):
    for name in ("INTERVIEW_LLM_BASE_URL", "INTERVIEW_LLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    main(["--only", "sre-clean", "--show", "tone: positive"])
    out = capsys.readouterr().out
    assert "Rules, on sre-clean" in out
    assert "Model" not in out
