"""Measuring in one thread leaves the script's threads as they were."""

import pytest
import torch

from gradscope.capture import threads
from gradscope.capture.quiet import quiet


def test_the_scripts_threads_are_back_after_measuring() -> None:
    before = torch.get_num_threads()
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            with quiet():
                assert torch.get_num_threads() in (1, count)
            assert torch.get_num_threads() == count
            with pytest.raises(ValueError, match="within"), quiet():
                raise ValueError("within")
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)


def test_nothing_is_done_without_a_known_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_setter", lambda: None)
    before = torch.get_num_threads()
    assert threads.use_one_thread() == 0
    threads.use_again(0)
    assert torch.get_num_threads() == before
