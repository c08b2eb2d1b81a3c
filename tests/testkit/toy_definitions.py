"""Toy definitions: assets and checks with the names of the real ones, for tests of the command line."""

from collections.abc import Iterator

import dagster as dg


class Story(dg.Config):
    """Whether the run crashes, or the gate rejects the model."""

    crash: bool = False
    refused: bool = False


@dg.asset
def candidate_model(config: Story) -> dg.MaterializeResult[None]:
    if config.crash:
        try:
            raise ConnectionError("MLflow at http://127.0.0.1:1 does not answer")
        except ConnectionError as error:
            raise RuntimeError("cannot log") from error
    return dg.MaterializeResult(metadata={"model_version": 7, "held_out_maps": 512, "log_loss": 0.6412})


@dg.multi_asset_check(
    name="gate",
    specs=[
        dg.AssetCheckSpec("better_than_elo", asset="candidate_model", blocking=True),
        dg.AssetCheckSpec("symmetric", asset="candidate_model", blocking=True),
    ],
)
def gate(config: Story) -> Iterator[dg.AssetCheckResult]:
    yield dg.AssetCheckResult(
        asset_key="candidate_model",
        check_name="better_than_elo",
        passed=not config.refused,
        description="log loss 0.6412 against 0.6582",
    )
    yield dg.AssetCheckResult(asset_key="candidate_model", check_name="symmetric", passed=True)


@dg.asset(deps=["candidate_model"])
def champion_model() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"model_version": 7})


defs = dg.Definitions(
    assets=[candidate_model, champion_model],
    asset_checks=[gate],
    jobs=[dg.define_asset_job("train_job", selection=dg.AssetSelection.all())],
    executor=dg.in_process_executor,
)
