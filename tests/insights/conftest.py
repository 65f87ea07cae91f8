import pytest

from tests.insights.llm_server import LlmServer


@pytest.fixture
def llm_server():
    server = LlmServer()
    yield server
    server.close()
