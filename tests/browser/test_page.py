"""The HTML page in a real browser: what it shows and requests, by mouse and by keyboard, on screen and on paper.

`make browser` installs the browser and its driver, and `make test-browser` axe-core too.
"""

import io
import itertools
import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from selenium.common.exceptions import JavascriptException
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from support.audit_data import NOW, days, facts, used
from support.chromium import chromium, complaints, pdf, requests, show
from support.fleet import context, records, refused, summary, write_page

from awskms_lite.audit import Failure, KeyUsageRecord, KeyUser, KeyUses, judge
from awskms_lite.audit.serialize import to_members
from awskms_lite.report import ReportContext
from awskms_lite.report.html import HTMLWriter

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
KEYS = list(records(500))
UNUSED = ("idle", "never_used", "no_record")
MOST_ROWS = 60
"""Rows in the document, whatever the number of keys: those that are seen, and some beyond both edges."""
HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\u2028\u202e\x00\x1b[31m'\"&amp;"
VISIBLE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\\u2028\\u202e\\x00\\x1b[31m'\"&amp;"


@pytest.fixture(scope="session")
def browser() -> Iterator[Chrome]:
    # The tests' own fixture takes HOME away, and a browser has to write somewhere.
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("HOME", os.environ.get("TMPDIR", "/tmp"))
        with chromium() as driver:
            yield driver


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def page(folder: Path) -> Path:
    """Return a report of 500 keys, of which not all could be read."""
    told = context(500, evaluated=490, targets=(*summary(500).targets, refused()))
    return write_page(folder / "500.html", KEYS, told)


def find(browser: Chrome, selector: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, selector)


def texts(browser: Chrome, selector: str) -> list[str]:
    """Return the texts of elements as they are seen."""
    found: list[str] = browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText.trim())", selector
    )
    return found


def written(browser: Chrome, selector: str) -> list[str]:
    """Return the texts of elements, seen or not."""
    return [each.get_attribute("textContent") or "" for each in browser.find_elements(By.CSS_SELECTOR, selector)]


def column(browser: Chrome, name: str) -> list[str]:
    return [text.split("\n")[0] for text in texts(browser, f".key-row .{name}")]


def press(browser: Chrome, *pressed: str) -> None:
    for key in pressed:
        ActionChains(browser).send_keys(key).perform()


def focused(browser: Chrome) -> str:
    """Return the position and the class of the cell that has the focus."""
    found: str = browser.execute_script(
        "const cell = document.activeElement.closest('.key-row > *');"
        "return cell ? `${cell.parentElement.dataset.position} ${cell.className.split(' ')[0]}` : ''"
    )
    return found


def shown(browser: Chrome) -> str:
    return find(browser, "#shown").text


def wait_for(browser: Chrome, text: str) -> None:
    WebDriverWait(browser, 30, 0.02).until(lambda _: shown(browser).startswith(text), text)


@pytest.mark.parametrize("number", [0, 1, 500, 3_000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_requests_nothing_and_complains_of_nothing(
    browser: Chrome, folder: Path, number: int, scheme: str
) -> None:
    """The only request is that of the file itself, and the console stays empty."""
    path = write_page(folder / f"{number}-{scheme}.html", records(number))
    show(browser, path, scheme=scheme)
    if number:
        find(browser, "#table thead button").click()
        find(browser, ".key-row td").click()
    assert complaints(browser) == []
    assert requests(browser) == [path.as_uri()]


def test_the_summary_has_the_figures(browser: Chrome, page: Path) -> None:
    """What was audited and when, how complete it is, what nobody used and what that costs."""
    show(browser, page)
    unused = [key for key in KEYS if key.verdict in UNUSED]
    dollars = sum(key.monthly_cost or 0 for key in unused)
    assert find(browser, "#about").text.startswith("Audited until 2026-11-28 12:00 UTC · 8 accounts, 5 regions")
    assert find(browser, "#lead").text == (
        f"{len(unused)} of 500 keys show no use in 90 days, and cost {dollars:.2f} USD a month: "
        f"{dollars * 12:,.2f} USD a year."
    )
    assert texts(browser, "#notes p")[0] == (
        "The audit is incomplete: 10 of 500 keys could not be read and 1 of 6 targets could not be listed in full."
        " A key that was not read may be in use. Show"
    )
    assert texts(browser, "#figures dt")[:2] == ["Keys in this report", "Unused"]
    assert texts(browser, "#figures .value")[:2] == ["500", str(len(unused))]
    assert texts(browser, "#unread tbody th") == ["sa-east-1"]


def test_a_complete_audit_says_so(browser: Chrome, folder: Path) -> None:
    """And a saved report says that it does not know."""
    show(browser, write_page(folder / "complete.html", records(3)))
    assert texts(browser, "#notes p")[0].startswith("The audit is complete: all keys of 5 targets")
    saved = ReportContext(ended_at=NOW, idle_days=90, source="keys.jsonl", filters=("--manager CUSTOMER",))
    show(browser, write_page(folder / "saved.html", records(3), saved))
    assert "whether the audit behind them was complete is not known" in find(browser, "#notes").text
    assert "Only keys chosen by --manager CUSTOMER are in this report." in find(browser, "#notes").text
    assert "from keys.jsonl" in find(browser, "#about").text


def test_costs_that_are_not_known_are_not_made_up(browser: Chrome, folder: Path) -> None:
    """Without costs there is no column and no sum; where some may be higher, it says at least."""
    unpriced = [attrs.evolve(key, monthly_cost=None) for key in KEYS]
    show(browser, write_page(folder / "unpriced.html", unpriced))
    assert "USD" not in find(browser, "#lead").text + shown(browser)
    assert "USD/month" not in texts(browser, "#table thead th")
    some = [attrs.evolve(key, monthly_cost=1.0, monthly_cost_is_minimum=True) for key in KEYS]
    show(browser, write_page(folder / "at-least.html", some))
    assert "cost at least" in find(browser, "#lead").text
    assert column(browser, "cost")[0] == "≥ 1.00"


@pytest.mark.parametrize("window", [1, 7, 90, 365, 36_500])
def test_charts_fit_any_window(browser: Chrome, folder: Path, window: int) -> None:
    """Three pictures with a name and a description, whose bars hold all keys and stay within the picture."""
    told = context(500)._replace(idle_days=window)
    show(browser, write_page(folder / "window.html", KEYS, told))
    titles, descriptions = (written(browser, f"figure svg > {name}") for name in ("title", "desc"))
    assert len(titles) == len(descriptions) == 3
    idle = sum(int(number.replace(",", "")) for number in re.findall(r": ([\d,]+)", descriptions[1]))
    last = sum(int(number.replace(",", "")) for number in re.findall(r": ([\d,]+)", descriptions[2]))
    assert idle == sum(key.idle_days is not None for key in KEYS)
    assert last == sum(key.last_usage is not None for key in KEYS)
    bars = browser.find_elements(By.CSS_SELECTOR, "#idle-days svg g")
    assert 0 < len(bars) <= 31
    for figure in browser.find_elements(By.CSS_SELECTOR, "figure svg"):
        width, height = map(float, (figure.get_dom_attribute("viewBox") or "").split()[2:])
        for rect in figure.find_elements(By.TAG_NAME, "rect"):
            x, y, wide, tall = (
                float(rect.get_dom_attribute(name) or "") for name in ("x", "y", "width", "height")
            )
            assert -1 <= x <= x + wide <= width + 1
            assert -1 <= y <= y + tall <= height + 1


def test_sorting_by_each_column(browser: Chrome, page: Path) -> None:
    """A click sorts, another one turns it round, a third one ends it; what is not known comes last both times."""
    show(browser, page)
    heads = {text: at for at, text in enumerate(texts(browser, "#table thead th"))}
    natural = column(browser, "key")
    button = browser.find_elements(By.CSS_SELECTOR, "#table thead button")[heads["Idle days"]]
    head = browser.find_elements(By.CSS_SELECTOR, "#table thead th")[heads["Idle days"]]
    known = sorted(key.idle_days for key in KEYS if key.idle_days is not None)
    button.click()
    assert head.get_attribute("aria-sort") == "descending"
    seen = [int(text) for text in column(browser, "idle")]
    assert seen == known[::-1][: len(seen)]
    button.click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert [int(text) for text in column(browser, "idle")] == known[: len(seen)]
    browser.execute_script("document.getElementById('scroller').scrollTop = 1e9")
    WebDriverWait(browser, 30, 0.02).until(lambda _: column(browser, "idle")[-1] == "")
    button.click()
    assert head.get_attribute("aria-sort") == "none"
    assert column(browser, "key") == natural


def test_what_asks_for_action_comes_first(browser: Chrome, page: Path) -> None:
    """Keys in demand first, then idle ones, in both the longest idle ones before the others."""
    show(browser, page)
    chosen = [key for key in KEYS if key.in_demand or key.verdict == "idle"]
    chosen.sort(key=lambda key: (not key.in_demand, -(key.idle_days or 0)))
    seen = column(browser, "idle")
    assert [int(text) for text in seen] == [key.idle_days for key in chosen][: len(seen)]


def test_filters_choose_and_count(browser: Chrome, page: Path) -> None:
    """Verdicts, accounts and regions are combined; the verdicts' counts follow, and clearing brings all back."""
    show(browser, page)
    find(browser, "[data-verdict=idle]").click()
    find(browser, "[data-verdict=no_record]").click()
    chosen = [key for key in KEYS if key.verdict in ("idle", "no_record")]
    wait_for(browser, f"{len(chosen)} of 500 keys")
    assert find(browser, "[data-verdict=idle]").get_attribute("aria-pressed") == "true"
    region = browser.find_element(By.XPATH, "//select[@id='region']/option[starts-with(., 'eu-west-1')]")
    region.click()
    there = [key for key in KEYS if key.region == "eu-west-1"]
    wait_for(browser, f"{len([key for key in there if key in chosen])} of 500 keys")
    used = sum(key.verdict == "in_use" for key in there)
    assert find(browser, "[data-verdict=in_use]").text == f"in use {used}"
    browser.find_element(By.XPATH, "//select[@id='account']/option[starts-with(., '999988887777')]").click()
    wait_for(browser, "0 of 500 keys")
    assert texts(browser, "#table tbody td") == ["No key matches these filters."]
    find(browser, "#reset").click()
    wait_for(browser, "500 of 500 keys")
    assert find(browser, "#region").get_attribute("value") == ""


def test_owners_and_account_names(browser: Chrome, folder: Path) -> None:
    """Where they are known they are shown, searched, and filters."""
    stream = io.StringIO()
    writer = HTMLWriter(stream)
    for at, record in enumerate(KEYS):
        owner, account = (
            (None, "archive") if at % 5 == 0 else (f"team {at % 3}", f"account {record.account_id[-1]}")
        )
        writer.add(record, {**to_members(record), "owner": owner, "account_name": account})
    writer.end(context(500))
    path = folder / "owned.html"
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    show(browser, path)
    assert {"Owner", "Account"} <= set(texts(browser, "#table thead th"))
    assert texts(browser, "#owner option")[-1] == "no owner known (100)"
    browser.find_element(By.XPATH, "//select[@id='owner']/option[starts-with(., 'team 1')]").click()
    wait_for(browser, f"{sum(at % 3 == 1 and at % 5 != 0 for at in range(500))} of 500 keys")
    assert set(column(browser, "owner")) == {"team 1"}
    captions = texts(browser, "#places caption")
    assert captions == ["By account", "By owner", "By region"]


def test_a_place_shows_its_unused_keys(browser: Chrome, page: Path) -> None:
    """A click on a region in the table of places sets the filters."""
    show(browser, page)
    row = browser.find_element(By.XPATH, "//caption[.='By region']/..//tr[th/button[.='eu-west-1']]")
    number = row.find_element(By.CSS_SELECTOR, "td").text
    assert number == str(sum(key.region == "eu-west-1" and key.verdict in UNUSED for key in KEYS))
    row.find_element(By.CSS_SELECTOR, "button").click()
    wait_for(browser, f"{number} of 500 keys")


def test_search_finds_words_anywhere(browser: Chrome, page: Path) -> None:
    """In aliases, ids, ARNs, descriptions, tags and principals; all words must be there, in any case."""
    show(browser, page)
    search = find(browser, "#search")
    wanted = next(key for key in KEYS if key.aliases and key.verdict == "idle")
    search.send_keys(wanted.arn.upper())
    wait_for(browser, "1 of 500 keys")
    assert column(browser, "key") == [wanted.aliases[0].removeprefix("alias/") if wanted.aliases else ""]
    search.clear()
    search.send_keys("PROD team=orders")
    number = sum(
        (key.tags or {}).get("team") == "orders" and "prod" in f"{key.description} {key.aliases} {key.tags}"
        for key in KEYS
    )
    wait_for(browser, f"{number} of 500 keys")
    assert 0 < number < 500


def test_a_row_opens_the_whole_story(browser: Chrome, page: Path) -> None:
    """Reasons, advice, refused uses and commands, in a dialog that walks on and gives the focus back."""
    show(browser, page)
    find(browser, "#search").send_keys("in demand")
    chosen = [key for key in KEYS if key.failed_uses]
    wait_for(browser, f"{len(chosen)} of 500 keys")
    find(browser, ".key-row td").click()
    story = find(browser, "#story").text
    arn = texts(browser, "#story .command code")[-1]
    (key,) = (each for each in chosen if each.arn == arn)
    assert key.last_usage is not None
    assert key.last_usage.timestamp is not None
    for text in (
        *key.reasons, key.advice, "at least 17", "arn:aws:iam::111122223333:role/nightly-export",
        f"awskms-lite retire {key.arn}", key.last_usage.cloud_trail_event_id, "SYMMETRIC_DEFAULT",
        f"{key.last_usage.timestamp:%Y-%m-%d %H:%M} UTC", *(key.tags or {}).values(),
    ):  # fmt: skip
        assert str(text) in story
    assert find(browser, "#story-place").text == f"1 of {len(chosen)}"
    find(browser, "#next").click()
    assert find(browser, "#story-place").text == f"2 of {len(chosen)}"
    assert texts(browser, "#story .command code")[-1] != arn
    press(browser, Keys.ESCAPE)
    assert not find(browser, "#story").is_displayed()
    assert focused(browser) == "1 key"


def test_keys_in_demand_come_first_and_are_marked(browser: Chrome, page: Path) -> None:
    """Whoever opens the report sees them before any other key, in a colour of their own."""
    show(browser, page)
    number = sum(key.in_demand for key in KEYS)
    ids = texts(browser, ".key-row .key small")
    assert 0 < number < len(ids)
    demanded = {key.key_id for key in KEYS if key.in_demand}
    assert set(ids[:number]) == demanded
    colours: list[str] = browser.execute_script(
        "return [...document.querySelectorAll('.key-row')].map((row) => getComputedStyle(row).backgroundColor)"
    )
    assert len(set(colours[:number])) == len(set(colours[number:])) == 1
    assert colours[0] != colours[-1]


@pytest.mark.parametrize("width", [1024, 1280])
def test_a_laptop_shows_the_region_of_each_key(browser: Chrome, page: Path, width: int) -> None:
    """And nothing of it is cut, nor of the verdict, the dates and the accounts."""
    show(browser, page, width=width)
    assert find(browser, "#table thead .region").is_displayed()
    assert column(browser, "region")[0] in {key.region for key in KEYS}
    cut: list[str] = browser.execute_script(
        "return [...document.querySelectorAll("
        "'#table :is(.verdict, .verdict small, .last, .cost, .account, .region)')]"
        ".filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.innerText)"
    )
    assert cut == []
    assert find(browser, "#table th.key").size["width"] > 150


@pytest.mark.parametrize("width", [390, 768, 1024, 1280, 1600])
def test_the_dates_below_a_chart_begin_at_its_axis(browser: Chrome, page: Path, width: int) -> None:
    """None hangs out of it on the left, and none stands in another one."""
    show(browser, page, width=width)
    found: list[list[float]] = browser.execute_script(
        "const svg = document.querySelector('#last-uses svg');"
        "const box = (each) => { const { left, right } = each.getBoundingClientRect(); return [left, right]; };"
        "const dates = [...svg.querySelectorAll('text')].filter(({ textContent: text }) => /^\\d{4}-/.test(text));"
        "return [box(svg.querySelector('line.axis')), ...dates.map(box), [box(svg)[1], 0]];"
    )
    axis, *dates, end = found
    assert len(dates) >= 2
    assert dates[0][0] >= axis[0] - 1
    assert all(before[1] < after[0] for before, after in itertools.pairwise([*dates, end]))


def test_no_retirement_is_offered_for_a_key_in_use(browser: Chrome, page: Path) -> None:
    """The commands suit the verdict."""
    show(browser, page)
    find(browser, "[data-verdict=in_use]").click()
    find(browser, ".key-row td").click()
    assert texts(browser, "#story .command code")[0].startswith("awskms-lite usage ")


def test_a_command_is_copied(browser: Chrome, page: Path) -> None:
    """To the clipboard, with a word that it was; where that is not allowed, by selecting it."""
    show(browser, page)
    browser.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    find(browser, ".key-row td").click()
    command = texts(browser, "#story .command code")[0]
    find(browser, "#story .copy").click()
    WebDriverWait(browser, 30, 0.02).until(lambda _: find(browser, "#copied").text == "Copied.")
    copied = browser.execute_async_script("navigator.clipboard.readText().then(arguments[0], arguments[0])")
    assert copied == command
    browser.execute_script("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))")
    browser.execute_script("document.getElementById('copied').textContent = ''")
    find(browser, "#story .copy").click()
    WebDriverWait(browser, 30, 0.02).until(lambda _: find(browser, "#copied").text != "")
    assert browser.execute_script("return getSelection().toString()") == command


def test_the_keyboard_is_enough(browser: Chrome, page: Path) -> None:
    """Tab leads to one cell of the table, arrows move in it, Enter opens, Escape closes and goes back there."""
    show(browser, page)
    find(browser, "#reset").send_keys(Keys.TAB)
    for _ in range(40):
        if focused(browser):
            break
        press(browser, Keys.TAB)
    assert focused(browser) == "0 key"
    press(browser, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    assert focused(browser) == "2 verdict"
    press(browser, Keys.END, Keys.ARROW_UP)
    assert focused(browser) == "1 region"
    press(browser, Keys.HOME, Keys.PAGE_DOWN)
    position = int(focused(browser).split()[0])
    assert position > 5
    ActionChains(browser).key_down(Keys.CONTROL).send_keys(Keys.END).key_up(Keys.CONTROL).perform()
    assert focused(browser) == "499 region"
    assert is_seen(browser)
    press(browser, Keys.HOME, Keys.ENTER)
    assert find(browser, "#story-place").text == "500 of 500"
    assert not find(browser, "#next").is_enabled()
    press(browser, Keys.ESCAPE)
    assert focused(browser) == "499 key"
    press(browser, Keys.ARROW_RIGHT, Keys.SPACE)
    assert find(browser, "#story").is_displayed()


def is_seen(browser: Chrome) -> bool:
    """Return whether the cell with the focus is within the table's window, below its head."""
    seen: bool = browser.execute_script(
        "const [cell, box, head] = [document.activeElement, document.getElementById('scroller'),"
        " document.querySelector('#table thead')].map((each) => each.getBoundingClientRect());"
        "return cell.top >= head.bottom - 1 && cell.bottom <= box.bottom + 1"
    )
    return seen


def test_the_focus_survives_scrolling_away(browser: Chrome, page: Path) -> None:
    """The row that has the focus stays in the document, and the arrows go on from it."""
    show(browser, page)
    find(browser, ".key-row button").send_keys(Keys.ARROW_DOWN)
    browser.execute_script("document.getElementById('scroller').scrollTop = 8000")
    WebDriverWait(browser, 30, 0.02).until(
        lambda _: browser.find_elements(By.CSS_SELECTOR, ".key-row[data-position='180']")
    )
    assert focused(browser) == "1 key"
    press(browser, Keys.ARROW_DOWN)
    assert focused(browser) == "2 key"
    assert is_seen(browser)


def test_rows_know_their_place(browser: Chrome, page: Path) -> None:
    """Screen readers hear of which row in how many, and few rows are in the document."""
    show(browser, page)
    assert find(browser, "#table").get_attribute("aria-rowcount") == "501"
    browser.execute_script("document.getElementById('scroller').scrollTop = 1e9")
    WebDriverWait(browser, 30, 0.02).until(
        lambda _: browser.find_elements(By.CSS_SELECTOR, ".key-row[aria-rowindex='501']")
    )
    rows = browser.find_elements(By.CSS_SELECTOR, ".key-row")
    indices = [int(row.get_attribute("aria-rowindex") or "") for row in rows]
    assert indices == list(range(502 - len(rows), 502))
    assert len(rows) <= MOST_ROWS


def test_hundred_thousand_keys_open(browser: Chrome, folder: Path) -> None:
    """All can be reached, searched and sorted, and the document holds no more rows than for a hundred."""
    some = list(records(2_000))
    keys = (
        attrs.evolve(some[at % 2_000], key_id=f"{at:032x}", arn=f"a/{at:032x}", aliases=())
        for at in range(100_000)
    )
    show(browser, write_page(folder / "many.html", keys, context(100_000)))
    assert find(browser, "#table").get_attribute("aria-rowcount") == "100001"
    browser.find_element(By.XPATH, "//th/button[.='Key']").click()
    browser.execute_script("document.getElementById('scroller').scrollTop = 1e9")
    WebDriverWait(browser, 30, 0.02).until(
        lambda _: browser.find_elements(By.CSS_SELECTOR, ".key-row[aria-rowindex='100001']")
    )
    assert 0 < len(browser.find_elements(By.CSS_SELECTOR, ".key-row")) <= MOST_ROWS
    assert len(browser.find_elements(By.CSS_SELECTOR, "body *")) < 2_000
    find(browser, "#search").send_keys(f"{99_999:032x}")
    wait_for(browser, "1 of 100,000 keys")
    assert complaints(browser) == []


def test_no_key_and_no_matching_row(browser: Chrome, folder: Path) -> None:
    """An empty account is no mistake, and has neither charts nor an empty table."""
    show(browser, write_page(folder / "none.html", []))
    assert find(browser, "#lead").text == "No key was found."
    assert not find(browser, "#charts").is_displayed()
    assert not find(browser, "#scroller").is_displayed()
    assert find(browser, "#limits").is_displayed()


def test_one_account_has_no_column_for_it(browser: Chrome, folder: Path) -> None:
    """Nor a filter: what is the same for all keys is told once."""
    keys = [key for key in records(60, accounts=1) if key.verdict != "other_account"]
    show(browser, write_page(folder / "one.html", keys))
    assert "1 account, " in find(browser, "#about").text
    assert "Account" not in texts(browser, "#table thead th")
    assert not find(browser, "#account").is_displayed()
    assert find(browser, "#region").is_displayed()


def hostile_key() -> KeyUsageRecord:
    user = KeyUser(event_id=HOSTILE, event_time=NOW, principal_arn=HOSTILE, encryption_context={HOSTILE: HOSTILE})
    uses = KeyUses(count=1, since=NOW, users=(HOSTILE,))
    return judge(
        facts(
            key_id=HOSTILE, arn=HOSTILE, description=HOSTILE, aliases=(HOSTILE,), tags={HOSTILE: HOSTILE},
            region=HOSTILE, account_id=HOSTILE, last_usage=used(days(1), HOSTILE), last_user=user,
            failed_uses=uses, state=HOSTILE, spec=HOSTILE, origin=HOSTILE, error=Failure(HOSTILE, HOSTILE),
        ),
        90,
    )  # fmt: skip


def test_hostile_texts_are_text(browser: Chrome, folder: Path) -> None:
    """Markup is shown as it is written, and control and bidi characters are written out; nothing of it runs."""
    told = context(2, targets=(refused(HOSTILE),))._replace(filters=(HOSTILE,), source=HOSTILE)
    path = write_page(folder / "hostile.html", [hostile_key(), judge(facts(), 90)], told)
    show(browser, path)
    find(browser, ".key-row td").click()
    browser.find_element(By.XPATH, "//*[@id='story-title']")
    find(browser, "#search")
    page_text = find(browser, "body").get_attribute("innerText") or ""
    assert page_text.count(VISIBLE) > 10
    assert not re.search("[\x00\x1b\u2028\u202e]", page_text)
    assert browser.find_elements(By.TAG_NAME, "img") == []
    assert complaints(browser) == []
    assert requests(browser) == [path.as_uri()]


def test_the_story_of_a_hostile_key_has_safe_commands(browser: Chrome, folder: Path) -> None:
    """A shell takes the whole ARN as one word."""
    key = judge(facts(arn="x'; rm -rf / #"), 90)
    show(browser, write_page(folder / "shell.html", [key]))
    find(browser, ".key-row td").click()
    assert texts(browser, "#story .command code")[0] == "awskms-lite retire 'x'\\''; rm -rf / #'"


def test_the_policy_holds(browser: Chrome, page: Path) -> None:
    """Even if something got into the page, the browser would neither run nor load it."""
    show(browser, page)
    with pytest.raises(JavascriptException, match="TrustedHTML"):
        browser.execute_script("document.body.innerHTML = '<b>x</b>'")
    browser.execute_script(
        "const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image);"
        "fetch('http://127.0.0.1:9/').catch(() => { document.body.dataset.fetch = 'refused'; });"
    )
    WebDriverWait(browser, 30, 0.02).until(
        lambda _: find(browser, "body").get_attribute("data-fetch") == "refused"
    )
    found = " ".join(entry["message"] for entry in complaints(browser))
    assert "connect-src" in found
    assert "img-src" in found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_follow_the_scheme(browser: Chrome, page: Path, scheme: str) -> None:
    """Dark on light, or light on dark."""
    show(browser, page, scheme=scheme)
    page_colour, text_colour = (brightness(browser, name) for name in ("backgroundColor", "color"))
    assert (page_colour > text_colour) == (scheme == "light")
    assert abs(page_colour - text_colour) > 150


def brightness(browser: Chrome, name: str) -> float:
    colour: str = browser.execute_script("return getComputedStyle(document.body)[arguments[0]]", name)
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    return (red * 299 + green * 587 + blue * 114) / 1000


@pytest.mark.parametrize("width", [390, 768, 1280, 1600])
def test_nothing_is_wider_than_the_window(browser: Chrome, page: Path, width: int) -> None:
    """Neither the page nor a key's story needs to be moved sideways, and each row has its key."""
    show(browser, page, width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth") == width
    assert browser.execute_script("return document.querySelector('.key-row th').clientWidth") > 110
    find(browser, ".key-row button").click()
    left, right, needed, has = browser.execute_script(
        "const story = document.getElementById('story'), box = story.getBoundingClientRect();"
        "return [box.left, box.right, story.scrollWidth, story.clientWidth]"
    )
    assert 0 <= left < right <= width
    assert needed == has


@pytest.mark.parametrize("number", [500, 1_500])
def test_it_prints(browser: Chrome, folder: Path, number: int) -> None:
    """On paper are the summary, the charts and a thousand keys at most, light even where the screen is dark."""
    show(browser, write_page(folder / "print.html", records(number)), scheme="dark")
    browser.execute_script(
        "addEventListener('beforeprint', () => { const seen = document.querySelectorAll('.key-row');"
        " document.body.dataset.printed = seen.length;"
        " document.body.dataset.colour = getComputedStyle(document.body).backgroundColor; });"
        "matchMedia('print').addEventListener('change', ({ matches }) => { if (matches)"
        " document.body.dataset.colour = getComputedStyle(document.body).backgroundColor; });"
    )
    assert pdf(browser).startswith(b"%PDF")
    assert find(browser, "body").get_attribute("data-printed") == str(min(number, 1_000))
    WebDriverWait(browser, 30, 0.02).until(
        lambda _: len(browser.find_elements(By.CSS_SELECTOR, ".key-row")) < MOST_ROWS
    )
    assert ("printed: the first 1,000" in shown(browser)) == (number > 1_000)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert brightness(browser, "backgroundColor") > 250
        assert not find(browser, "#filters").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_accessible(browser: Chrome, page: Path, scheme: str, width: int) -> None:
    """By the rules of axe-core, best practices included: the page, then a key's story over it."""
    show(browser, page, scheme=scheme, width=width)
    assert violations(browser) == []
    find(browser, ".key-row button").click()
    assert violations(browser) == []


def test_a_page_without_keys_is_accessible(browser: Chrome, folder: Path) -> None:
    """It has headings and landmarks too."""
    show(browser, write_page(folder / "none.html", []))
    assert violations(browser) == []


def violations(browser: Chrome) -> list[str]:
    """Return which rules of axe-core the page breaks, and where."""
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.execute_async_script(
        "axe.run(document, { resultTypes: ['violations'] })"
        ".then(({ violations }) => arguments[0](JSON.stringify(violations)), (error) => arguments[0](`${error}`))"
    )
    rules: list[dict[str, Any]] = json.loads(found)
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in rules for node in rule["nodes"]]


def test_axe_finds_what_is_wrong(browser: Chrome, page: Path) -> None:
    """The check above can fail."""
    show(browser, page)
    browser.execute_script(
        "document.getElementById('search').closest('label').replaceWith(document.getElementById('search'));"
        "document.getElementById('search').placeholder = ''"
    )
    assert any(rule.startswith("label: ") for rule in violations(browser))


def test_times_are_utc_wherever_the_reader_is(browser: Chrome, folder: Path) -> None:
    """A key used a minute before midnight UTC was used on that day, in Tokyo too."""
    at = NOW.replace(hour=0, minute=0) - timedelta(minutes=1)
    path = write_page(folder / "utc.html", [judge(facts(last_usage=used(NOW - at)), 90)])
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    try:
        show(browser, path)
        assert column(browser, "last") == [f"{at:%Y-%m-%d}"]
        find(browser, ".key-row td").click()
        assert f"{at:%Y-%m-%d} 23:59 UTC" in find(browser, "#story").text
    finally:
        browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
