"""What lessons say over several seeds takes minutes: `python -m pytest -m claims` runs it."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.claims)
            item.add_marker(pytest.mark.slow)
