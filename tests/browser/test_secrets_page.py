"""A key that is typed into the page goes to the server once and never comes back (case N3)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, expect

from core.i18n import t
from tests.browser.conftest import Watch
from tests.browser.driving import AppProcess
from tests.browser.materials import with_document
from tests.fakes.llm_server import FakeLLM

CANARY = "sk-CANARY-7f3a0d6b8e2c4197"
SLOW_MS = 60_000
STORES = """async () => {
  const kept = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
  for (const {name, version} of await indexedDB.databases()) {
    const db = await new Promise((done, bad) => {
      const ask = indexedDB.open(name, version);
      ask.onsuccess = () => done(ask.result);
      ask.onerror = () => bad(ask.error);
    });
    for (const store of db.objectStoreNames)
      kept.push(name + JSON.stringify(await new Promise((done, bad) => {
        const ask = db.transaction(store).objectStore(store).getAll();
        ask.onsuccess = () => done(ask.result);
        ask.onerror = () => bad(ask.error);
      })));
    db.close();
  }
  for (const name of await caches.keys())
    for (const ask of await (await caches.open(name)).keys()) kept.push(ask.url);
  return kept.join("\\n");
}"""
SHOWN = """() => document.documentElement.outerHTML
  + [...document.querySelectorAll("input, textarea")].map(box => box.value).join("\\n")"""


class Replies:
    """The finished HTTP replies of a page; streams that never end are not among them."""

    def __init__(self, page: Any) -> None:
        self.requests: list[Any] = []
        page.on("requestfinished", lambda request: self.requests.append(request))

    def text(self) -> str:
        """Headers and bodies of all of them."""
        found = []
        for request in self.requests:
            response = request.response()
            found.append(repr(response.headers))
            try:
                found.append(response.body().decode("utf-8", "replace"))
            except Error:  # a redirect, or an empty reply, has no body
                continue
        return "\n".join(found)


def choose_service(page: Any, url: str) -> None:
    """Opens the part of the form where a service is named, once the page has filled itself."""
    expect(page.get_by_role("checkbox", name="设备手册.md")).to_be_checked(timeout=SLOW_MS)
    page.locator("#helper-kind input[value=openai]").click()
    expect(page.locator("#helper-kind input[value=openai]")).to_be_checked()
    page.locator("#helper-base_url").locator("input, textarea").fill(url)


def said(page: Any, words: str, shade: str) -> None:
    """Waits for the answer to "Test"."""
    expect(page.locator(f"#helper-said.{shade}")).to_contain_text(words, timeout=SLOW_MS)


def test_a_typed_key_is_stored_and_never_shown_again(start_app: Callable[..., AppProcess], tmp_path: Path,
                                                     open_page: Callable[..., Any], watch: Watch) -> None:
    watch.allow("AbortError|Connection errored out")  # the reload below cuts off the page's own event stream
    home = tmp_path / "workspace"
    home.mkdir()
    with_document(home)
    server = start_app(home)
    with FakeLLM(key=CANARY) as fake:
        page = open_page(tab="qa", server=server)
        replies = Replies(page)
        choose_service(page, fake.url + "/v1")
        page.locator("#helper-key input").fill(CANARY)
        page.locator("#helper-test").click()
        said(page, t("qa.ui.key_stored", "en"), "ok")
        expect(page.locator("#helper-key input")).to_have_value("")
        page.reload()
        page.locator("#rail-qa.here").wait_for(timeout=SLOW_MS)
        fake.key = "another"
        choose_service(page, fake.url + "/v1")
        page.locator("#helper-test").click()
        said(page, "", "blocker")
        asked = [r["headers"].get("authorization") for r in fake.requests]
        assert len(asked) >= 2 and set(asked) == {f"Bearer {CANARY}"}
        for step in ("documents", "settings", "qa"):
            page.locator(f"#rail-{step}").click()
            page.locator(f"#rail-{step}.here").wait_for(timeout=SLOW_MS)
        heard = replies.text()
        assert t("qa.ui.key_stored", "en") in heard, "the answers of the handlers are among the replies"
        assert CANARY not in heard
        assert CANARY not in page.evaluate(SHOWN)
        assert CANARY not in page.evaluate(STORES)
        assert CANARY not in page.url
    secrets = home / "person" / "secrets.json"
    holders = [p for p in home.rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()]
    assert holders == [secrets] and secrets.stat().st_mode & 0o777 == 0o600
    assert CANARY not in server.log
