"""The demos: training scripts that come with gradscope."""

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Demo:
    """A training script that comes with gradscope."""

    name: str
    path: Path
    summary: str


def demo_folder() -> Path | None:
    """Return the folder of demos: in a checkout beside the package, else installed inside it."""
    package = Path(__file__).parents[1]
    for folder in (package / "_demos", package.parent / "demos"):
        if folder.is_dir():
            return folder
    return None


def demos() -> list[Demo]:
    """Return the demos by name, each with the first line of what it says about itself."""
    folder = demo_folder()
    if folder is None:
        return []
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return [Demo(path.stem, path, _summary(path)) for path in paths]


def _summary(path: Path) -> str:
    try:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    except (OSError, SyntaxError, ValueError):
        return ""
    return text.partition("\n")[0]
