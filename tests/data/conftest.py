"""A server on the loopback interface, for the tests that download."""

import pytest
from loopback_site import Site


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()
