from __future__ import annotations

from anchor.trouble import AGAIN, MOST, Trouble


def said(trouble: Trouble, *sentences: str, every: float = 1.0, at: float = 0.0) -> tuple[Trouble, list[str]]:
    heard = []
    for number, sentence in enumerate(sentences):
        trouble, news = trouble.met(sentence, at + number * every)
        heard += [sentence] if news else []
    return trouble, heard


def test_trouble_that_stays_is_said_once() -> None:
    trouble, heard = said(Trouble(), *["no answer"] * 500)
    assert heard == ["no answer"]
    assert trouble.now == "no answer"


def test_trouble_that_comes_and_goes_is_not_said_each_time() -> None:
    trouble, heard = Trouble(), []
    for second in range(int(AGAIN)):
        trouble, news = trouble.met("no answer", second)
        trouble, ended = trouble.over()
        heard += [news, ended]
    assert heard[:2] == [True, True]
    assert not any(heard[2:])


def test_after_a_while_it_is_said_again() -> None:
    trouble, _ = said(Trouble(), "no answer")
    trouble, _ = trouble.over()
    assert said(trouble, "no answer", at=AGAIN)[1] == ["no answer"]


def test_many_kinds_of_it_are_no_news_any_more() -> None:
    assert len(said(Trouble(), *(f"trouble {number}" for number in range(50)))[1]) == MOST


def test_an_end_is_said_only_where_the_beginning_was() -> None:
    assert Trouble().over()[1] is False
