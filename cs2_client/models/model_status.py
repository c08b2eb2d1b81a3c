from typing import Literal

ModelStatus = Literal["candidate", "champion", "refused", "retired"]

MODEL_STATUS_VALUES: set[ModelStatus] = {
    "candidate",
    "champion",
    "refused",
    "retired",
}


def check_model_status(value: str) -> ModelStatus:
    if value in MODEL_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {MODEL_STATUS_VALUES!r}")
