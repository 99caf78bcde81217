"""The plain functions are tested as the fast ones are."""

import contextlib

import pytest

from tinygan import nn


@pytest.fixture(params=["fast", "plain"])
def version(request):
    """The test runs twice: with the fast functions and in plain mode."""
    with nn.plain() if request.param == "plain" else contextlib.nullcontext():
        yield request.param
