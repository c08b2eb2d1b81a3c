from typing import Literal

SeriesRequestBestOf = Literal[1, 3, 5]

SERIES_REQUEST_BEST_OF_VALUES: set[SeriesRequestBestOf] = {
    1,
    3,
    5,
}


def check_series_request_best_of(value: int) -> SeriesRequestBestOf:
    if value in SERIES_REQUEST_BEST_OF_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {SERIES_REQUEST_BEST_OF_VALUES!r}")
