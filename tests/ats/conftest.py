from collections.abc import Iterator

import pytest

from tests.ats.servers.base import Imitation
from tests.ats.worlds import SERVERS


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Imitation]:
    """The imitation of one system, named by the test's parameters."""
    imitation = SERVERS[request.param]()
    yield imitation
    imitation.close()
