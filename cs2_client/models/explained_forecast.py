from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.explanation import Explanation
    from ..models.forecast_answer import ForecastAnswer
    from ..models.forecast_request import ForecastRequest
    from ..models.series_answer import SeriesAnswer
    from ..models.series_request import SeriesRequest
    from ..models.turnout import Turnout


T = TypeVar("T", bound="ExplainedForecast")


@_attrs_define
class ExplainedForecast:
    """A forecast with its explanation.

    Attributes:
        forecast_id (str):
        kind (str):
        occurred_at (datetime.datetime):
        batch_id (None | str):
        user_id (int | None):
        request (ForecastRequest | SeriesRequest):
        answer (ForecastAnswer | SeriesAnswer):
        model_version (int):
        snapshot_id (int):
        outcome (None | Turnout):
        explanation (Explanation | None):
    """

    forecast_id: str
    kind: str
    occurred_at: datetime.datetime
    batch_id: None | str
    user_id: int | None
    request: ForecastRequest | SeriesRequest
    answer: ForecastAnswer | SeriesAnswer
    model_version: int
    snapshot_id: int
    outcome: None | Turnout
    explanation: Explanation | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.explanation import Explanation  # noqa: PLC0415
        from ..models.forecast_answer import ForecastAnswer  # noqa: PLC0415
        from ..models.forecast_request import ForecastRequest  # noqa: PLC0415
        from ..models.turnout import Turnout  # noqa: PLC0415

        forecast_id = self.forecast_id

        kind = self.kind

        occurred_at = self.occurred_at.isoformat()

        batch_id: None | str
        batch_id = self.batch_id

        user_id: int | None
        user_id = self.user_id

        request: dict[str, Any]
        if isinstance(self.request, ForecastRequest):
            request = self.request.to_dict()
        else:
            request = self.request.to_dict()

        answer: dict[str, Any]
        if isinstance(self.answer, ForecastAnswer):
            answer = self.answer.to_dict()
        else:
            answer = self.answer.to_dict()

        model_version = self.model_version

        snapshot_id = self.snapshot_id

        outcome: dict[str, Any] | None
        if isinstance(self.outcome, Turnout):
            outcome = self.outcome.to_dict()
        else:
            outcome = self.outcome

        explanation: dict[str, Any] | None
        if isinstance(self.explanation, Explanation):
            explanation = self.explanation.to_dict()
        else:
            explanation = self.explanation

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "forecast_id": forecast_id,
                "kind": kind,
                "occurred_at": occurred_at,
                "batch_id": batch_id,
                "user_id": user_id,
                "request": request,
                "answer": answer,
                "model_version": model_version,
                "snapshot_id": snapshot_id,
                "outcome": outcome,
                "explanation": explanation,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.explanation import Explanation  # noqa: PLC0415
        from ..models.forecast_answer import ForecastAnswer  # noqa: PLC0415
        from ..models.forecast_request import ForecastRequest  # noqa: PLC0415
        from ..models.series_answer import SeriesAnswer  # noqa: PLC0415
        from ..models.series_request import SeriesRequest  # noqa: PLC0415
        from ..models.turnout import Turnout  # noqa: PLC0415

        d = dict(src_dict)
        forecast_id = d.pop("forecast_id")

        kind = d.pop("kind")

        occurred_at = datetime.datetime.fromisoformat(d.pop("occurred_at"))

        def _parse_batch_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        batch_id = _parse_batch_id(d.pop("batch_id"))

        def _parse_user_id(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        user_id = _parse_user_id(d.pop("user_id"))

        def _parse_request(data: object) -> ForecastRequest | SeriesRequest:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                request_type_0 = ForecastRequest.from_dict(data)

                return request_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            request_type_1 = SeriesRequest.from_dict(data)

            return request_type_1

        request = _parse_request(d.pop("request"))

        def _parse_answer(data: object) -> ForecastAnswer | SeriesAnswer:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                answer_type_0 = ForecastAnswer.from_dict(data)

                return answer_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            answer_type_1 = SeriesAnswer.from_dict(data)

            return answer_type_1

        answer = _parse_answer(d.pop("answer"))

        model_version = d.pop("model_version")

        snapshot_id = d.pop("snapshot_id")

        def _parse_outcome(data: object) -> None | Turnout:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                outcome_type_0 = Turnout.from_dict(data)

                return outcome_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Turnout, data)

        outcome = _parse_outcome(d.pop("outcome"))

        def _parse_explanation(data: object) -> Explanation | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                explanation_type_0 = Explanation.from_dict(data)

                return explanation_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Explanation | None, data)

        explanation = _parse_explanation(d.pop("explanation"))

        explained_forecast = cls(
            forecast_id=forecast_id,
            kind=kind,
            occurred_at=occurred_at,
            batch_id=batch_id,
            user_id=user_id,
            request=request,
            answer=answer,
            model_version=model_version,
            snapshot_id=snapshot_id,
            outcome=outcome,
            explanation=explanation,
        )

        explained_forecast.additional_properties = d
        return explained_forecast

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
