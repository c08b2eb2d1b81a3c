from typing import Literal

TurnoutWinner = Literal[1, 2]

TURNOUT_WINNER_VALUES: set[TurnoutWinner] = {
    1,
    2,
}


def check_turnout_winner(value: int) -> TurnoutWinner:
    if value in TURNOUT_WINNER_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TURNOUT_WINNER_VALUES!r}")
