"""The coach says what a person who knows curves would say."""

from __future__ import annotations

import math
import random

import pytest

from core.i18n import t
from core.training.coach import advise, overfits
from core.training.curves import Curves


def noisy(count: int, shape, seed: int = 1) -> tuple[tuple[int, float], ...]:
    draw = random.Random(seed)
    return tuple((n, shape(n) * draw.uniform(0.9, 1.1)) for n in range(1, count + 1))


def falling(n: int) -> float:
    return 3.0 * math.exp(-n / 40)


def said(curves: Curves, over: bool = False) -> str:
    advice = advise(curves, over)
    for lang in ("en", "zh"):
        assert "{" not in t(advice.key, lang, **advice.params)
    return advice.key.rpartition(".")[2]


def test_a_few_points_say_nothing() -> None:
    assert said(Curves(train=noisy(5, falling))) == "early"
    assert said(Curves(train=noisy(5, falling)), over=True) == "short"
    assert said(Curves()) == "early"


def test_while_the_rate_rises_nothing_is_called_flat() -> None:
    level = noisy(40, lambda n: 6.0)
    assert said(Curves(train=level, learning_rate=tuple((n, n / 100) for n in range(1, 41)))) == "warming"
    fell = tuple((n, min(n, 40 - n) / 100) for n in range(1, 41))
    assert said(Curves(train=level, learning_rate=fell)) in ("flat", "slow")
    assert said(Curves(train=level, learning_rate=tuple((n, 0.1) for n in range(1, 41)))) in ("flat", "slow")


def test_a_few_level_steps_are_too_early_to_be_called_flat_while_the_run_goes_on() -> None:
    level = tuple((n, 3.3 - 0.3 * min(n, 4)) for n in range(1, 13))
    assert said(Curves(train=level)) == "early"
    assert advise(Curves(train=level), over=True).key == "train.coach.flat"


@pytest.mark.parametrize("seed", range(5))
def test_falling_is_learning_and_level_is_flat(seed: int) -> None:
    assert said(Curves(train=noisy(60, falling, seed))) == "learning"
    assert said(Curves(train=noisy(200, lambda n: 2.5, seed))) in ("flat", "slow")
    assert said(Curves(train=noisy(2000, lambda n: 2.5, seed))) == "flat"
    assert said(Curves(train=noisy(120, lambda n: 2.0 if n < 10 else 0.02, seed))) == "learned"


def test_the_held_out_rows_agree() -> None:
    held = tuple((n, 1 + falling(n)) for n in (10, 20, 30, 40))
    assert said(Curves(train=noisy(40, falling), held_out=held)) == "learning_both"


def test_over_fitting_names_the_step_since_and_the_best() -> None:
    held = ((10, 2.0), (20, 1.5), (30, 1.6), (40, 1.9))
    advice = advise(Curves(train=noisy(40, falling), held_out=held))
    assert (advice.key, advice.params["since"], advice.params["best"], advice.best) == (
        "train.coach.overfit", 30, 20, 20)


@pytest.mark.parametrize("held", [((10, 2.0), (20, 1.5), (30, 1.6)), ((10, 1.5), (20, 1.51), (30, 1.52)),
                                  ((10, 1.0), (20, 1.5), (30, 1.6), (40, 1.01))])
def test_one_worse_check_noise_or_a_return_is_no_over_fitting(held) -> None:
    assert overfits(held) is None


def test_a_lost_loss_and_a_broken_one() -> None:
    assert said(Curves(train=noisy(20, falling), lost_steps=(21, 22))) == "lost"
    assert said(Curves(lost_steps=(1,))) == "lost"
    assert said(Curves(train=noisy(60, falling), lost_steps=(3,))) == "learning", "it came back"
    assert said(Curves(train=noisy(60, lambda n: falling(n) if n < 30 else 6.0))) == "broke"
