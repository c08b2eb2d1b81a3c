"""Generated requests to every operation are answered as documented, never with a 500.

The test reads the operations from the OpenAPI document, so it covers new endpoints without a change here. A client
without a token, a user and an admin send the same requests.
"""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance
from starlette.routing import compile_path

from serving.app import create_app
from tests.testkit.live_service import Tried, tried_service

EXAMPLES = 12
"""Random requests of each operation, beside the document's examples and one for each of its boundaries."""

UNFIT = {"POST /forecast/batch": [negative_data_rejection]}
"""A batch with an invalid item is answered with 200 and an error in the item's place."""

schema = schemathesis.openapi.from_dict(create_app().openapi())


@pytest.fixture(scope="module")
def live_service(
    servers: dict[str, int], mlflow_url: str, worker_number: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tried]:
    with tried_service(servers, mlflow_url, worker_number, tmp_path_factory.mktemp("tried")) as service:
        yield service


@schema.parametrize()
@hypothesis_settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
def test_answers_match_the_document(case: schemathesis.Case, live_service: Tried) -> None:
    if is_of_another_operation(case):
        return
    is_protected = bool(case.operation.definition.raw.get("security"))
    for headers in live_service.headers if is_protected else ({},):
        response = case.call_and_validate(
            base_url=live_service.url,
            session=live_service.session,
            headers=headers,
            # Ids and names that fit the schema need not exist, and is_turned_away checks authorization.
            excluded_checks=[positive_data_acceptance, ignored_auth, *UNFIT.get(case.operation.label, ())],
        )
        if is_protected and not headers and case.method == case.operation.method.upper():
            assert is_turned_away(response)


def is_of_another_operation(case: schemathesis.Case) -> bool:
    """Return whether the request matches another operation, as GET /forecast/series matches /forecast/{forecast_id}."""
    if case.method == case.operation.method.upper():
        return False
    paths = [path for path, methods in schema.raw_schema["paths"].items() if case.method.lower() in methods]
    return any(compile_path(path)[0].match(case.formatted_path) for path in paths)


def is_turned_away(response: schemathesis.Response) -> bool:
    """Return whether the error is one of those a client without a token may get."""
    if response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        return bool(response.json()["detail"] == "body: JSON decode error")
    return response.status_code in {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    }
