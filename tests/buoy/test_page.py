"""Claims about the dashboard in a real browser."""

from __future__ import annotations

import time

import pytest

from shared.models import Condition, Strength, VrrpState
from tests.buoy.chromium import Page
from tests.buoy.fleet import Fleet, Told

pytestmark = pytest.mark.lab

AT_ONCE = 1.0
"""Seconds after a change within which the page shows it."""

SLOWLY = 10.0
"""Seconds for what has no promise of its own."""

WIDTHS = (320, 390, 768, 1280)
"""CSS pixels: a small phone, a phone, a tablet, a desk."""

CONTRASTS = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("main *, header *, footer *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${element.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return faint;
})()"""
"""Every text whose contrast to what is behind it is below 4.5 to 1 (WCAG 2.2, 1.4.3)."""


def held_by(node: str) -> str:
    return f"document.querySelector('[data-holder]')?.dataset.holder === '{node}'"


def overflows(page: Page, width: int) -> bool:
    page.resize(width, 900)
    return bool(page.value("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def trouble(nodes: Fleet) -> None:
    """One node may not serve, another is demoted and has the VIP too, with a long reason."""
    reason = (
        "no task of a-service-with-a-rather-long-name.and-no-blank-in-it-at-all-anywhere is running and healthy here"
    )
    failing = Condition(name="service:web", ok=False, strength=Strength.REQUIRE, reason=reason)
    nodes.tell("swarm-3", Told(VrrpState.FAULT, reason=reason, allowed=False, conditions=(failing,)))
    low = Condition(name="quorum", ok=False, reason="1 of 3 managers is reachable")
    nodes.tell("swarm-2", Told(VrrpState.BACKUP, demoted=True, present=True, conditions=(low,)))
    nodes.record("swarm-3", [{"time": time.time(), "from": "BACKUP", "to": "FAULT", "reason": reason}])


def test_the_page_shows_the_holder_and_within_a_second_of_a_move_the_new_one(nodes: Fleet, page: Page) -> None:
    page.open(nodes.url("swarm-3"))
    first = page.text(".holder .name")

    nodes.move("swarm-2")
    there = page.seconds_until(held_by("swarm-2"), SLOWLY)
    nodes.move("swarm-3")
    on = page.seconds_until(held_by("swarm-3"), SLOWLY)
    nodes.move("swarm-1")
    back = page.seconds_until(held_by("swarm-1"), SLOWLY)

    assert first == "swarm-1"
    assert max(there, on, back) < AT_ONCE
    assert page.text("#overall") == "All is well"
    assert page.complaints() == []


def test_after_a_power_cut_the_new_holders_page_shows_it_within_a_second(nodes: Fleet, page: Page) -> None:
    page.open(nodes.url("swarm-2"))

    nodes.pause("swarm-1")
    nodes.tell("swarm-2", Told(VrrpState.MASTER, reason="no advert for 0.3 s"))
    took = page.seconds_until(held_by("swarm-2"), SLOWLY)
    page.seconds_until("document.querySelector('.node.off h3')?.innerText.includes('swarm-1')", SLOWLY)

    assert took < AT_ONCE
    assert "swarm-1 does not answer" in page.text("#alerts")
    assert page.complaints() == []


def test_a_page_whose_node_is_gone_says_so_and_recovers(nodes: Fleet, page: Page) -> None:
    page.open(nodes.url("swarm-1"))
    page.seconds_until("document.getElementById('connection').innerText === 'live'", SLOWLY)

    nodes.pause("swarm-1")
    page.seconds_until("document.body.classList.contains('lost')", SLOWLY)
    nodes.resume("swarm-1")

    page.seconds_until("!document.body.classList.contains('lost')", SLOWLY)


def test_split_brain_and_reasons_stand_on_top(nodes: Fleet, page: Page) -> None:
    page.open(nodes.url("swarm-3"))

    nodes.tell("swarm-2", Told(VrrpState.MASTER))
    page.seconds_until("document.querySelector('#alerts')?.innerText.includes('Split brain')", SLOWLY)

    assert "swarm-1 and swarm-2" in page.text("#alerts .alert.error")
    assert page.text(".holder .name") == "swarm-1 + swarm-2"
    assert page.text("#overall") == "1 problem"


def test_the_page_asks_nothing_of_anybody_else(nodes: Fleet, page: Page) -> None:
    page.open(nodes.url("swarm-1"))
    page.open(nodes.url("swarm-1", "/docs"))

    assert {url.split("/")[2] for url in page.requested()} == {f"127.0.0.1:{nodes.port}"}
    assert page.complaints() == []


def test_without_javascript_the_page_is_whole_and_renews_itself(nodes: Fleet, page: Page) -> None:
    page.without_scripts()
    page.open(nodes.url("swarm-3"))
    first = page.text(".holder .name")

    nodes.move("swarm-2")
    page.seconds_until(held_by("swarm-2"), SLOWLY)

    assert first == "swarm-1"
    assert '<meta http-equiv="refresh"' in page.html()


def test_no_width_needs_sideways_scrolling_even_with_long_words(nodes: Fleet, page: Page) -> None:
    trouble(nodes)
    page.open(nodes.url("swarm-1"))
    page.seconds_until("document.querySelectorAll('.alert').length >= 3", SLOWLY)

    dashboard = {width: overflows(page, width) for width in WIDTHS}
    page.open(nodes.url("swarm-1", "/docs"))
    paths = {width: overflows(page, width) for width in WIDTHS}

    assert dashboard == paths == dict.fromkeys(WIDTHS, False)


def test_every_text_can_be_read_in_light_and_in_dark(nodes: Fleet, page: Page) -> None:
    trouble(nodes)
    page.prefer("light")
    page.open(nodes.url("swarm-1"))
    page.seconds_until("document.querySelectorAll('.alert').length >= 3", SLOWLY)
    light, by_day = page.value(CONTRASTS), page.value("getComputedStyle(document.body).backgroundColor")
    page.prefer("dark")
    dark, by_night = page.value(CONTRASTS), page.value("getComputedStyle(document.body).backgroundColor")

    assert by_day != by_night
    assert (light, dark) == ([], [])


def test_a_screen_reader_is_told_what_matters_and_the_keyboard_reaches_it(nodes: Fleet, page: Page) -> None:
    page.open(nodes.url("swarm-1"))

    told = page.reading_order()
    page.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)

    assert {"main", "banner", "contentinfo", "navigation"} <= {role for role, _ in told}
    assert {("region", name) for name in ("Alerts", "Virtual IPs", "Nodes", "What happened")} <= set(told)
    assert ("heading", "Floating IPs of keepalived") in told
    assert page.value("document.activeElement.innerText") == "Skip to the content"
    assert page.value("document.documentElement.lang") == "en"
