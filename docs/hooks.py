"""Add to the site: the changelog and files outside this folder that pages link to, and a table.

Code hosts show the pages too. There, a link can lead to any file of the repository. The site has
only the files of this folder, so the linked files from outside are added to it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

from graphwalk.cli.options import option
from graphwalk.cli.walk_options import PLAN, WALK

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

DOCS = Path(__file__).parent
ROOT = DOCS.parent
CHANGELOG = "CHANGELOG.md"
TABLE = "<!-- the table of walk parameters -->"
LINK = re.compile(r"\]\(\.\./([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the changelog, and the files outside this folder that pages link to."""
    changes = (ROOT / CHANGELOG).read_text("utf-8").replace("](docs/", "](")
    files.append(File.generated(config, CHANGELOG.lower(), content=changes))
    linked = {path for page in DOCS.glob("*.md") for path in LINK.findall(page.read_text("utf-8"))}
    for path in sorted(linked - {CHANGELOG}):
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))


def on_page_markdown(markdown: str, **_about: object) -> str:
    """Put the table in, and replace links that leave this folder by links to copies in the site."""
    return LINK.sub(
        lambda link: "](" + (CHANGELOG.lower() if link[1] == CHANGELOG else link[1]),
        markdown.replace(TABLE, walk_parameters()),
    )


def walk_parameters() -> str:
    """Return the table of the parameters of walks, as they are declared."""
    rows = [("Python", "command line", "default", "values", "what it is"), ("---",) * 5]
    for each in (*WALK, *PLAN):
        options = [option(each.name), *([f"--{each.off[0]}"] if each.off else [])]
        rows.append(
            (
                f"`{each.name}`",
                ", ".join(f"`{text}`" for text in options),
                f"`{each.default!r}`",
                each.kind.words,
                each.help,
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
