"""Sequences of what people of all roles try with plans: none breaks what must hold. ``plan_machine`` says what that is."""

import pytest
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import settings as bounds
from hypothesis.stateful import run_state_machine_as_test

from web.plan_machine import PlanMachine

#: What is found stays findable: the same sequences are tried everywhere, and a failure is made as short as can be.
SAME = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "verbosity": Verbosity.quiet,
}


@pytest.mark.django_db
def test_a_few_sequences_break_nothing():
    run_state_machine_as_test(
        PlanMachine, settings=bounds(max_examples=8, stateful_step_count=25, phases=(Phase.generate,), **SAME)
    )


@pytest.mark.slow
@pytest.mark.django_db
def test_many_long_sequences_break_nothing():
    phases = (Phase.explicit, Phase.generate, Phase.shrink)
    run_state_machine_as_test(PlanMachine, settings=bounds(max_examples=120, stateful_step_count=50, phases=phases, **SAME))
