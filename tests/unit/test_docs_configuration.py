"""The configuration's page says what the models say."""

from __future__ import annotations

import re

import pytest

from anchor import node_labels, service_labels
from float.arguments import OPTIONS
from shared.settings import public_names
from tests.docs.configuration import LABELS, PAGE, page


def test_the_page_is_the_one_that_the_models_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.docs.configuration --write"


@pytest.mark.parametrize("name", sorted(public_names()))
def test_every_setting_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in page()


@pytest.mark.parametrize("flag", [flag for option in OPTIONS for flag in option.flags])
def test_every_argument_is_on_the_page(flag: str) -> None:
    assert re.search(rf"`{flag}[ `]", page())


def test_every_label_that_is_read_is_on_the_page() -> None:
    read = {value for module in (node_labels, service_labels) for value in vars(module).values() if _is_label(value)}
    assert read == set(LABELS)


def _is_label(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"keepalived\.[a-z-]+", value) is not None
