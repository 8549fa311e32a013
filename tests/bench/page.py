"""How the page of the HTML report opens and answers with 100,000 keys, beside 1,000: `make bench-page`.

Both pages are opened in turns, and what counts is the ratio: a busy machine slows both. Each figure is until the
next frame is painted; "longest task" is how long the page did not answer its reader while it opened.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from selenium.webdriver import Chrome
from support.chromium import chromium, show
from support.fleet import write_page

NUMBERS = (1_000, 100_000)
WATCH = """
window.tasks = [];
new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)))
  .observe({ type: "longtask", buffered: true });
"""
"""Notes the tasks of more than 50 ms, from the page's beginning on."""
OPENED = "return [performance.now(), Math.max(0, ...tasks)]"
ACT = """
const done = arguments[0];
const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
const heads = [...document.querySelectorAll("#table thead button")];
const head = (text) => heads.find((each) => each.textContent === text);
const search = document.getElementById("search");
const scroller = document.getElementById("scroller");
const find = (text) => { selection.text = text; selection.apply(); };
const acts = {
  "sort by idle days": () => head("Idle days").click(),
  "sort by key, the first time": () => head("Key").click(),
  "sort by key, the other way": () => head("Key").click(),
  "filter by a verdict": () => document.querySelector("#verdicts button").click(),
  "search, the first time": () => find("prod orders"),
  "search again": () => find("staging"),
  "scroll to the end": () => { find(""); scroller.scrollTop = scroller.scrollHeight; },
  "open a key": () => document.querySelector(".key-row button").click(),
};
(async () => {
  const times = {};
  for (const [name, act] of Object.entries(acts)) {
    await frame();
    const start = performance.now();
    act();
    await frame();
    times[name] = performance.now() - start;
  }
  done(times);
})();
"""


def measure(driver: Chrome, page: Path) -> dict[str, float]:
    """Open a page and do what readers do; return milliseconds, and megabytes of memory."""
    show(driver, page)
    opened, longest = driver.execute_script(OPENED)
    driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})  # the page before is none of this one's
    heap = driver.execute_cdp_cmd("Runtime.getHeapUsage", {})
    times: dict[str, float] = driver.execute_async_script(ACT)
    return {
        "open (ms)": opened,
        "longest task while it opens (ms)": longest,
        "memory of the script (MB)": (heap["usedSize"] + heap["backingStorageSize"]) / 1e6,
        **{f"{name} (ms)": number for name, number in times.items()},
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="how often each page is opened (default: 5)")
    repeats: int = parser.parse_args().repeats
    samples: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        pages = {number: write_page(Path(folder) / f"{number}.html", number) for number in NUMBERS}
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        for _ in range(repeats):
            for number, page in pages.items():
                for name, figure in measure(driver, page).items():
                    samples[name][number].append(figure)
        sizes = " and ".join(f"{page.stat().st_size / 1e6:.1f} MB" for page in pages.values())
        print(f"{driver.capabilities['browserVersion']} of Chromium; pages of {sizes}; medians of {repeats}.\n")
    few, many = NUMBERS
    print(f"| | {few:,} keys | {many:,} keys | ratio |\n|---|---|---|---|")
    for name, figures in samples.items():
        one, other = median(figures[few]), median(figures[many])
        print(f"| {name} | {one:.0f} | {other:.0f} | {f'{other / one:.1f}' if one else ''} |")


if __name__ == "__main__":
    main()
