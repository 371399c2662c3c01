"""The site of the documentation is built without a warning, and a real browser shows it well."""

import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import debian_packages
import pytest
from browser import Browser, find_browser

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[1]
PAGES = sorted({page.stem for page in (ROOT / "docs").glob("*.md")} | {"changelog"})

#: What a page has that a reader can be hindered by.
LOOK = """({
  wide: document.documentElement.scrollWidth - window.innerWidth,
  tables: [...document.querySelectorAll('.md-typeset__scrollwrap')]
    .filter(of => of.scrollWidth > of.clientWidth).map(of => of.innerText.slice(0, 80)),
  pictures: [...document.images].filter(of => !of.naturalWidth).map(of => of.src),
  plain: [...document.querySelectorAll('pre > code')]
    .filter(of => !of.closest('.highlight').querySelector('[class*=clipboard], [data-md-type]'))
    .map(of => of.innerText.slice(0, 80)),
  links: [...document.querySelectorAll('a[href]')].map(of => of.href),
  ids: [...document.querySelectorAll('[id]')].map(of => of.id),
})"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site; return its folder."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(build, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def address(site):
    """Serve the site; return its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Start a browser, which is installed where there is none and that can be done."""
    if not find_browser():
        try:
            debian_packages.install(["chromium"], ["chromium", "fonts-dejavu-core"])
        except debian_packages.UnavailableError as reason:
            pytest.skip(f"no browser: {reason}")
    found = Browser(find_browser(), tmp_path_factory.mktemp("browser"))
    yield found
    found.close()


def test_every_page_is_there(site):
    assert {page.stem for page in site.glob("*.html")} == {*PAGES, "404"}


@pytest.mark.timeout(600)
def test_a_browser_shows_every_page_whole_and_every_link_leads_somewhere(site, address, browser):
    found = {}

    def leads_nowhere(link):
        to = urlsplit(link)
        if f"{to.scheme}://{to.netloc}" != address:
            return to.scheme not in ("http", "https")
        path = site / unquote(to.path.lstrip("/") or "index.html")
        if to.fragment and path.suffix == ".html":
            return unquote(to.fragment) not in found[path.stem]["ids"]
        return not path.is_file()

    for page in PAGES:
        browser.open(f"{address}/{page}.html")
        found[page] = browser.run(LOOK)
        assert browser.complaints == [], page
    problems = []
    for page, has in found.items():
        if has["wide"] > 0:
            problems.append(f"{page} is wider than the window")
        for what in ("tables", "pictures", "plain"):
            problems += [f"{page}: {what}: {one}" for one in has[what]]
        problems += [f"{page}: {link}" for link in has["links"] if leads_nowhere(link)]
    assert problems == []


@pytest.mark.parametrize("width", [400, pytest.param(1900, marks=pytest.mark.slow)])
def test_no_page_is_wider_than_other_windows(address, browser, width):
    for page in PAGES:
        browser.open(f"{address}/{page}.html", width)
        assert browser.run("document.documentElement.scrollWidth - window.innerWidth") <= 0, page


def test_search_finds_a_page(address, browser):
    browser.open(f"{address}/index.html?q=coverage")
    script = """new Promise(found => {
      const look = () => {
        const link = document.querySelector('.md-search-result__link');
        link ? found(link.href) : setTimeout(look, 50);
      };
      look();
    })"""
    assert browser.run(script).startswith(address)
