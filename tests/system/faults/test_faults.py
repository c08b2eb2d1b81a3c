"""Two minutes of faults under load; `make faults` is the long version (docs/reliability.md)."""

import pytest

from tests.system.faults.running import chosen_seed, run


@pytest.mark.faults
@pytest.mark.timeout(900)
async def test_every_answer_is_stored_once_despite_faults() -> None:
    # With shorter pauses the load takes both processors from the tests that run meanwhile.
    outcome = await run(seed=chosen_seed(), seconds=0, kills=5, pause_seconds=0.1)
    print(outcome.table())
    outcome.assert_nothing_lost()
