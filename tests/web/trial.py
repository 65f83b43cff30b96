"""A plan's design and its evaluation, as small as they can be."""

import numpy as np

from forestall.results import Asked, Design, Effect, Evaluation, Fidelity, Outcome
from forestall.text import msg


def a_design(plan, starts="2022-01"):
    return Design(
        asked=Asked(treated=("W01000001",), outcome=Outcome(("burglary",)), starts=starts, plan=plan.key), force="gwent",
        snapshot="s" * 8, made_on="2021-12-01", weight="standard", method="difference-in-differences", options=(),
        pre=("2021-12",), post=(starts,), left_out=(), comparison=(("W01000009", 1.0),), ring=(), set_aside=(),
        months=("2021-12",), treated_course=np.array([5.0]), compared_course=np.array([5.0]), likeness=(), power=None,
        placebos=99,
    )  # fmt: skip


def an_evaluation(design, verdict="worked"):
    local = Effect(
        part="local", areas=1, before=50.0, after=10.0, expected=20.0, plain=21.0, ratio=0.5, interval=(0.3, 0.8),
        p_value=0.01, prevented=10.0, prevented_interval=(4.0, 14.0),
    )  # fmt: skip
    return Evaluation(
        design=design, snapshot="t" * 8, made_on="2022-08-01", interim=not verdict, months=("2022-01",),
        raw=(("treated", 50.0, 10.0),), effects=(local,), fidelity=Fidelity(planned=2.0, delivered=2.0), verdict=verdict,
        rule=msg("it fell"), resident=(), analyst=(), level=3, deviations=(), course_months=("2022-01",),
        treated_course=np.array([10.0]), expected_course=np.array([20.0]),
    )  # fmt: skip
