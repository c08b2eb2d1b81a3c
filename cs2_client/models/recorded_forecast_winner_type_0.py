from typing import Literal

RecordedForecastWinnerType0 = Literal[1, 2]

RECORDED_FORECAST_WINNER_TYPE_0_VALUES: set[RecordedForecastWinnerType0] = {
    1,
    2,
}


def check_recorded_forecast_winner_type_0(value: int) -> RecordedForecastWinnerType0:
    if value in RECORDED_FORECAST_WINNER_TYPE_0_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RECORDED_FORECAST_WINNER_TYPE_0_VALUES!r}")
