"""A run folder belongs to one process at a time, and looking whether it does keeps none out."""

import os
import threading
import time

import pytest

from tinygan.errors import UserError
from tinygan.runs.lock import in_use, only_one

fcntl = pytest.importorskip("fcntl", reason="folders are locked by fcntl")


def test_a_folder_is_in_use_while_a_process_is_in_it(tmp_path):
    assert not in_use(tmp_path)
    with only_one(tmp_path):
        assert in_use(tmp_path)
        with pytest.raises(UserError, match="another process is training"), only_one(tmp_path):
            pass
    assert not in_use(tmp_path)


def test_a_folder_that_is_not_there_is_not_in_use(tmp_path):
    assert not in_use(tmp_path / "nothing")


def test_a_training_begins_although_someone_is_looking(tmp_path):
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)  # as in_use does for an instant
    looking = threading.Thread(target=lambda: (time.sleep(0.01), os.close(handle)))
    looking.start()
    with only_one(tmp_path):
        assert in_use(tmp_path)
    looking.join()
