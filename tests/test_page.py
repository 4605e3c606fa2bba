"""The page shows the state of a real database, and migrates it: in Chromium, against the application that is served."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from cts_schema import upgrade
from cts_schema.exceptions import mask_url
from cts_schema.web import create_app
from tests.support.chromium import VARIABLE, chromium, without
from tests.support.databases import Database
from tests.support.lines import scripts_in_use
from tests.support.program import ROOT, run
from tests.support.served import TOKEN, served

ARGUMENTS = (
    "--no-sandbox",  # root has none, and nothing of elsewhere is opened
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MARKUP = '<img src=x onerror="document.title=1">'

expect.set_options(timeout=30_000)  # the machine may be busy

Visit = Callable[..., Page]
on_sqlite = pytest.mark.parametrize("kind", ["sqlite"])  # what is the page's alone


@pytest.fixture(scope="module")  # no longer: while it drives, no other test of this process could run an event loop
def browser() -> Iterator[Browser]:
    program = chromium()
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(without())
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open the page of an application; in the end it must have asked nobody else, and no script of it has failed."""
    contexts, wrong = [], []

    def opened(url: object, *, read: bool = True, **options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()

        def asked(request: Request) -> None:
            if not request.url.startswith(f"{url}/"):
                wrong.append(request.url)

        page.on("request", asked)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Security Policy" in said.text else None)
        if not read:
            page.clock.install()
        page.goto(f"{url}/")
        expect(page.locator("#refreshed")).to_contain_text("Read at")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@contextmanager
def app(database: Database | str) -> Iterator[str]:
    """Serve a database; return the URL without a slash at its end."""
    url = database if isinstance(database, str) else database.url
    with served(create_app(url, token=TOKEN)) as client:
        yield str(client.base_url).rstrip("/")


def fact(page: Page, name: str) -> str:
    return page.locator("#facts > div", has=page.get_by_text(name, exact=True)).locator("dd").inner_text()


def start(page: Page, token: str = TOKEN) -> None:
    page.get_by_role("button", name="Run migrations").click()
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")


def log(database: Database, level: str, message: str) -> None:
    database.execute(
        "INSERT INTO site_logs (level, category, message) VALUES (:level, 'exchange', :message)",
        {"level": level, "message": message},
    )


def logged(database: Database) -> int:
    return int(database.value("SELECT count(*) FROM site_logs"))


# What it shows


def test_at_head_it_says_so_and_shows_the_database_at_a_glance(head: Database, visit: Visit) -> None:
    log(head, "error", "the order book is stale")
    log(head, "info", "a cycle is done")
    head.execute("CREATE TABLE notes (id integer)")
    head.execute("DROP INDEX ix_orders_portfolio_id")
    with app(head) as url:
        page = visit(url)
    expect(page).to_have_title("At head · CTS database")
    expect(page.locator("#verdict")).to_have_text(re.compile("At head.*Revision 060", re.DOTALL))
    expect(page.get_by_role("button", name="Run migrations")).to_be_disabled()
    expect(page.locator("#migrate-why")).to_have_text("Nothing to do: the database is at head.")
    assert page.locator("#line li").count() == page.locator("#line .done").count() == 13
    assert fact(page, "Type") == {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[head.kind]
    assert fact(page, "Database") == mask_url(head.location)
    assert "connected" in fact(page, "Connection")
    assert (fact(page, "Tables"), fact(page, "Pending"), fact(page, "Unmanaged tables")) == ("43", "none", "notes")
    assert fact(page, "Ledger") == "agrees with the revision"
    assert fact(page, "Orphaned rows") == "none"

    finding = page.locator("#findings details", has_text="orders.ix_orders_portfolio_id")
    finding.locator("summary").click()
    expect(finding.get_by_text("the index is missing")).to_be_visible()
    expect(finding.locator("pre")).to_have_text("cts-schema repair missing-index")

    expect(page.locator("#log .tally")).to_contain_text(f"{logged(head)} entries")
    expect(page.locator("#log .tally")).to_contain_text("1 error (")
    expect(page.locator("#log").get_by_text("the order book is stale")).to_have_count(2)  # frequent, and latest

    chart = page.get_by_role("img", name="How long each revision took")
    assert chart.locator("rect").count() == 13
    page.get_by_text("All 13 applied revisions").click()
    history = page.get_by_role("table", name="Applied revisions")
    assert history.get_by_role("row").count() == 14
    expect(history.get_by_role("row").nth(1)).to_contain_text("060 add_updated_at_triggers")


def test_tables_come_by_size_and_in_any_other_order_that_is_asked_for(head: Database, visit: Visit) -> None:
    for number in range(3):
        log(head, "info", f"entry {number}")
    if head.kind == "postgresql":
        head.execute("ANALYZE site_logs")
    head.execute("CREATE TABLE notes (id integer)")
    rows = str(logged(head))
    with app(head) as url:
        page = visit(url)
    table = page.get_by_role("table", name="Tables, with their rows and sizes")
    by_rows = page.get_by_role("button", name=re.compile("^Rows"))
    if head.kind == "postgresql":
        expect(table.locator("[aria-sort]")).to_have_text("Size")
        by_rows.click()
    expect(table.locator("[aria-sort=descending]")).to_have_text("Rows, about")
    expect(table.get_by_role("row").filter(has_text="site_logs")).to_contain_text(rows)
    page.get_by_role("button", name="Show all 43 tables").click()
    assert table.get_by_role("row").count() == 44
    assert [one.split()[0] for one in table.get_by_text("unmanaged").locator("..").all_inner_texts()] == ["notes"]
    page.get_by_role("button", name="Table", exact=True).click()
    expect(table.get_by_role("row").nth(1)).to_contain_text("active_exchange_positions")
    expect(page.get_by_role("button", name="Table", exact=True)).to_be_focused()  # though it was drawn anew


def test_at_an_older_revision_it_shows_what_is_pending(database: Database, visit: Visit) -> None:
    upgrade(database.url, "055")
    for preserved in ("cts_kept_058_notes", "cts_kept_054_notes"):
        database.execute(f"CREATE TABLE {preserved} (id integer)")
    with app(database) as url:
        page = visit(url)
    expect(page.locator("#verdict")).to_contain_text("Revision 055, head is 060")
    expect(page.locator("#migrate-why")).to_have_text("5 revisions to apply.")
    assert page.locator("#line .due").all_text_contents() == [
        f"{one} to apply" for one in ("056", "057", "058", "059", "060")
    ]
    assert fact(page, "Pending") == "056 to 060 (5)"
    assert fact(page, "Preserved by downgrades") == "cts_kept_054_notes, cts_kept_058_notes"
    assert "cts_kept_054_notes" in fact(page, "Not restorable")
    assert page.get_by_text("Unmanaged tables").count() == 0
    assert fact(page, "Orphaned rows") == "not checked"


def test_rows_that_are_gone_from_the_ledger_are_told(head: Database, visit: Visit) -> None:
    head.execute("DELETE FROM schema_migrations WHERE migration_id = 54")
    with app(head) as url:
        page = visit(url)
        assert "rows missing: 054" in fact(page, "Ledger")
        expect(page.locator("#migrate-why")).to_have_text("1 row of the ledger to write.")
        start(page)
        expect(page.locator("#run-result")).to_contain_text("now at 060")
        expect(page.locator("#verdict")).to_contain_text("At head")


def test_a_database_that_cannot_be_reached_is_told_with_cause_place_and_next_step(visit: Visit) -> None:
    with app("postgresql://cts:s3cr3t@127.0.0.1:1/cts") as url:
        page = visit(url)
        verdict = page.locator("#verdict")
        expect(verdict).to_contain_text("Cannot be read")
        expect(verdict.locator(".cause")).not_to_be_empty()
        expect(verdict.locator(".place")).to_contain_text("postgresql://cts:***@127.0.0.1:1/cts")
        expect(verdict.locator(".next")).not_to_be_empty()
        expect(page.get_by_role("button", name="Run migrations")).to_be_disabled()
        assert "not connected" in fact(page, "Connection")
        assert "s3cr3t" not in page.content()


def test_what_the_database_says_is_text_and_never_markup(head: Database, visit: Visit) -> None:
    log(head, "error", MARKUP)
    head.execute('CREATE TABLE "<img src=x onerror=document.title=2>" (id integer)')
    with app(head) as url:
        page = visit(url)
        page.get_by_role("button", name=re.compile("Show all")).click()
        expect(page.locator("#log .message").filter(has_text=MARKUP).first).to_be_visible()
        expect(page.locator("#tables").get_by_text("<img src=x onerror=document.title=2>")).to_be_visible()
        assert page.locator("img").count() == 0
        expect(page).to_have_title("At head · CTS database")


# A run


def test_a_run_is_shown_as_it_goes_and_brings_an_empty_database_to_head(
    database: Database, visit: Visit, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    with scripts_in_use(tmp_path) as scripts:
        scripts.add(
            "wait_at_the_gate",
            f"import time; from pathlib import Path\nwhile not Path({str(gate)!r}).exists(): time.sleep(0.02)",
        )
        with app(database) as url, opened_at_last(gate):
            page = visit(url)
            expect(page.locator("#verdict")).to_contain_text("Empty")
            expect(page.locator("#migrate-why")).to_have_text("14 revisions to apply.")
            start(page)
            expect(page.get_by_role("heading", name="Migration run")).to_be_focused()
            expect(page.locator("#run-step")).to_have_text("13 of 14 revisions, now 061")
            assert page.locator("#run-progress").evaluate("bar => [bar.value, bar.max]") == [13, 14]
            expect(page.locator("#run-elapsed")).to_have_text(re.compile(r"^\d+ s$"))
            expect(page.get_by_role("log")).to_contain_text("036")
            expect(page.get_by_role("button", name="Run migrations")).to_be_disabled()

            other = visit(url)  # which comes too late, and watches
            start(other)
            expect(other.locator("#ask-error")).to_contain_text("13 of 14 revisions done")
            other.get_by_role("button", name="Watch it").click()
            expect(other.locator("#run-step")).to_have_text("13 of 14 revisions, now 061")

            gate.touch()
            for one in (page, other):
                expect(one.locator("#run-result")).to_contain_text("Done: 14 revisions applied")
                expect(one.locator("#verdict")).to_contain_text("Revision 061")
                expect(one.locator("#verdict")).to_contain_text("At head")
    assert database.value("SELECT version_num FROM alembic_version") == "061"


@contextmanager
def opened_at_last(gate: Path) -> Iterator[None]:
    """Let the run go on in any case, before the application is left: it waits for its end."""
    try:
        yield
    finally:
        gate.touch()


def test_a_run_that_waits_for_another_program_says_so(database: Database, visit: Visit) -> None:
    with app(database) as url:
        page = visit(url)
        with held(database):
            start(page)
            expect(page.locator("#run-step")).to_have_text("Preparing")
            expect(page.locator("#run-result")).to_contain_text("Running")
            assert page.locator("#run-progress").get_attribute("value") is None
        expect(page.locator("#run-result")).to_contain_text("Done: 13 revisions applied")


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Hold the lock of migrations, as another program that migrates does."""
    if database.kind == "sqlite":
        other = sqlite3.connect(str(database.location.database), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.close()
        return
    with database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_lock(hashtextextended('cts_schema:' || current_schema(), 0))")
        yield
        connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")


def test_a_run_that_fails_shows_cause_place_and_next_step(database: Database, visit: Visit, tmp_path: Path) -> None:
    with scripts_in_use(tmp_path) as scripts:
        scripts.add("fail", "op.execute('INSERT INTO nowhere VALUES (1)')")
        with app(database) as url:
            page = visit(url)
            start(page)
            result = page.locator("#run-result")
            expect(result).to_contain_text("The run failed.")
            expect(result.locator(".cause")).not_to_be_empty()
            expect(result.locator(".place")).to_contain_text("061")
            expect(result.locator(".place")).to_contain_text("nowhere")
            expect(result.locator(".next")).not_to_be_empty()
            expect(page.locator("#verdict")).not_to_contain_text("At head")
            expect(page.get_by_role("button", name="Run migrations")).to_be_enabled()


def test_a_run_that_waits_in_vain_says_so_and_its_bar_stands_still(database: Database, visit: Visit) -> None:
    with served(create_app(database.url, token=TOKEN, wait=0.1)) as client, held(database):
        page = visit(str(client.base_url).rstrip("/"))
        start(page)
        expect(page.locator("#run-result")).to_contain_text("The run failed.")
        assert page.locator("progress:indeterminate:visible").count() == 0


@on_sqlite
def test_a_wrong_token_is_told_and_no_token_is_kept(database: Database, visit: Visit) -> None:
    asked = []
    with app(database) as url:
        page = visit(url)
        page.on("request", lambda request: asked.append(request.url))
        field = page.get_by_label("Token")
        start(page, "")
        expect(page.locator("#ask-error")).to_have_text("Enter the token.")
        for wrong in ("another", "tökén"):
            field.fill(wrong)
            page.keyboard.press("Enter")
            expect(page.locator("#ask-error")).to_contain_text("This is not the token")
            expect(field).to_be_focused()
            expect(field).to_have_attribute("aria-invalid", "true")
        assert database.tables() == set()
        field.fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator("#run-result")).to_contain_text("Done")
        expect(page.locator("#verdict")).to_contain_text("At head")
        kept = "[...Object.values(localStorage), ...Object.values(sessionStorage), document.cookie, location.href]"
        assert TOKEN not in str([page.evaluate(kept), page.content(), field.input_value(), asked])


@on_sqlite
def test_whoever_sends_too_many_wrong_tokens_is_told_to_wait(database: Database, visit: Visit) -> None:
    with served(create_app(database.url, token=TOKEN, wrong_tokens="1/minute")) as client:
        page = visit(str(client.base_url).rstrip("/"))
        start(page, "another")
        expect(page.locator("#ask-error")).to_contain_text("This is not the token")
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator("#ask-error .cause")).to_contain_text("too many")
        expect(page.locator("#ask-error .next")).to_contain_text("repeat in")


@on_sqlite
def test_the_keyboard_alone_does(database: Database, visit: Visit) -> None:
    with app(database) as url:
        page = visit(url)
        for name in ("Skip to the status of the database", "Refresh", "Refresh every minute", "Run migrations"):
            page.keyboard.press("Tab")
            expect(page.get_by_role("dialog")).to_have_count(0)
            focused = page.locator(":focus")
            expect(focused).to_have_accessible_name(name)
            assert focused.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name="Run migrations")).to_be_visible()
        expect(page.get_by_label("Token")).to_be_focused()
        page.keyboard.type("anything")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name="Run migrations")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Token")).to_have_value("")
        page.keyboard.type(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Migration run")).to_be_focused()
        expect(page.locator("#run-result")).to_contain_text("Done")


# As time goes by


@on_sqlite
def test_an_app_that_has_gone_is_told_and_so_is_its_return(head: Database, visit: Visit) -> None:
    with app(head) as url:
        page = visit(url)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("alert")).to_contain_text("The app does not respond. The data shown is from")
    expect(page.locator("#verdict")).to_contain_text("At head")


@on_sqlite
def test_a_refresh_leaves_the_reader_where_he_is(head: Database, visit: Visit) -> None:
    log(head, "info", "one")
    log(head, "info", "two")
    before = logged(head)
    with app(head) as url:
        page = visit(url)
        expect(page.locator("#log .tally")).to_contain_text(f"{before} entries")
        hours = page.locator("summary", has_text="Errors by hour, as a table")
        hours.click()
        log(head, "error", "three")
        page.evaluate("document.getElementById('refresh').click()")
        expect(page.locator("#log .tally")).to_contain_text(f"{before + 1} entries")
        expect(hours).to_be_focused()
        expect(page.get_by_role("table", name="Errors by hour")).to_be_visible()


@on_sqlite
def test_it_refreshes_by_itself_unless_it_is_hidden_or_told_not_to(head: Database, visit: Visit) -> None:
    asked = []
    with app(head) as url:
        page = visit(url, read=False)
        page.on("requestfinished", lambda request: asked.append(request.url) if "stats" in request.url else None)

        def after_a_minute(expected: int) -> None:
            page.clock.fast_forward("01:01")
            expect(page.locator("#refreshed")).to_contain_text("Read at")
            page.wait_for_load_state("networkidle")
            assert len(asked) == expected

        with page.expect_response("**/stats"):
            page.clock.fast_forward("01:01")
        expect(page.locator("#refreshed")).to_contain_text("Read at")
        page.evaluate(
            "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        after_a_minute(1)
        with page.expect_response("**/stats"):
            page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
            page.clock.fast_forward("00:01")  # what is old is read at once
        expect(page.locator("#refreshed")).to_contain_text("Read at")
        page.get_by_label("every minute").uncheck()
        after_a_minute(2)


# As it looks

CONTRAST = """() => {
  const parsed = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((one) => one / 255)
      .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const colour = parsed(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const one = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !one.checkVisibility() || one.closest(".unseen, title, desc")) continue;
    const style = getComputedStyle(one);
    const inks = [light(parsed(one.closest("svg") ? style.fill : style.color)), light(ground(one))];
    const ratio = (Math.max(...inks) + 0.05) / (Math.min(...inks) + 0.05);
    found.push([Math.round(ratio * 100) / 100, texts.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
}"""

TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && !one.closest("svg, .unseen, .skip"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.outerHTML.slice(0, 80))"""


@on_sqlite
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(database: Database, visit: Visit, scheme: str) -> None:
    upgrade(database.url, "055")
    log(database, "error", "the order book is stale")
    log(database, "warn", "a drawdown is near its limit")
    with app(database) as url:
        page = visit(url, color_scheme=scheme)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (sum(ground) > 3 * 128) == (scheme == "light")
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        start(page, "another")
        expect(page.locator("#ask-error")).to_contain_text("This is not the token")
        pairs = page.evaluate(CONTRAST)
    assert len(pairs) > 100
    assert [pair for pair in pairs if pair[0] < 4.5] == []


@on_sqlite
def test_a_narrow_screen_needs_no_sideways_scrolling(head: Database, visit: Visit) -> None:
    log(head, "error", "x" * 200)
    head.execute(f'CREATE TABLE "{"y" * 60}" (id integer)')
    head.execute("DROP INDEX ix_orders_portfolio_id")
    with app(head) as url:
        page = visit(url, viewport={"width": 360, "height": 740})
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        page.get_by_role("button", name=re.compile("Show all")).click()
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 360


@on_sqlite
def test_nothing_moves_for_whoever_wants_no_motion(head: Database, visit: Visit) -> None:
    moving = "getComputedStyle(document.querySelector('progress:indeterminate')).appearance"
    with app(head) as url:
        assert visit(url).evaluate(moving) == "auto"  # the browser's own bar, which runs to and fro
        still = visit(url, reduced_motion="reduce")
        assert still.evaluate(moving) == "none"
        assert still.evaluate("document.getAnimations().length") == 0


# The Chromium of the tests


@pytest.mark.parametrize(("ci", "code", "word"), [("1", 1, "error:"), ("", 0, "WARNING:")])
def test_without_chromium_the_suite_says_so_aloud_and_ends_in_ci(
    ci: str, code: int, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "/nowhere/chromium")
    monkeypatch.setenv("CI", ci)
    done = run(sys.executable, "-m", "tests.support.chromium", cwd=ROOT)
    assert done.code == code
    assert f"{word} the page is NOT TESTED without Chromium" in done.err
