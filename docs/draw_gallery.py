"""Draw the pictures of gallery.md again: run its code, and put what it draws into gallery/."""

import os
import re
import shutil
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent


def draw(folder: Path) -> None:
    """Run the code of the page in a folder, and copy the pictures that the page shows."""
    page = (DOCS / "gallery.md").read_text("utf-8")
    os.chdir(folder)
    Path("examples").symlink_to(DOCS.parent / "examples")
    exec("\n".join(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)), {})
    for picture in re.findall(r"\(gallery/([\w.]+)\)", page):
        shutil.copy(picture, DOCS / "gallery" / picture)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder))
