"""What does not fit into memory is refused before it is begun."""

import pytest

from tinygan import room
from tinygan.errors import UserError


def test_what_fits_is_allowed(monkeypatch):
    monkeypatch.setattr(room, "free_bytes", lambda: 1000)
    room.check_room("--n", 10, 100)
    monkeypatch.setattr(room, "free_bytes", lambda: None)
    room.check_room("--n", 10**12, 10**12)


@pytest.mark.parametrize(
    ("n", "each", "free", "says"),
    [
        (11, 100, 1000, "--n 11 needs 1 kB of memory, and 1 kB are free: --n 10 fits"),
        (10**9, 784, 20 * 10**9, "needs 784 GB of memory, and 20 GB are free: --n 25000000 fits"),
        (10**9, 5000, 123_456_789, "needs 5,000 GB of memory, and 123 MB are free: --n 24000 fits"),
    ],
)
def test_what_does_not_is_refused_with_the_number_that_would_fit(monkeypatch, n, each, free, says):
    monkeypatch.setattr(room, "free_bytes", lambda: free)
    with pytest.raises(UserError) as caught:
        room.check_room("--n", n, each)
    assert says in str(caught.value)


def test_this_machine_has_some_memory_free():
    found = room.free_bytes()
    assert found is None or 10**6 < found < 10**15


def test_a_limit_of_the_process_counts(monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (10**9, 10**9))
    assert room.free_bytes() < 10**9
