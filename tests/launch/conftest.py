from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.launch.driver import Child


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    """Start children in ``tmp_path``; none of them outlives the test."""
    children: list[Child] = []

    def start(*words: str, **keywords: object) -> Child:
        child = Child(*words, directory=tmp_path, **keywords)  # type: ignore[arg-type]
        children.append(child)
        return child

    yield start
    for child in children:
        child.close()
