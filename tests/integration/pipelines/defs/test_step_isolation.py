"""Steps may run on different machines, so no step passes a value through a local disk."""

import dagster as dg

from pipelines.definitions import defs


def test_no_asset_passes_a_value_to_another() -> None:
    assets = [asset for asset in defs.assets or () if isinstance(asset, dg.AssetsDefinition)]
    assert len(assets) >= 5
    outputs = {
        f"{asset.op.name}.{output_def.name}"
        for asset in assets
        for output_def in asset.op.output_defs
        if not output_def.dagster_type.is_nothing
    }
    inputs = {
        f"{asset.op.name}.{input_def.name}"
        for asset in assets
        for input_def in asset.op.input_defs
        if not input_def.dagster_type.is_nothing
    }
    assert (outputs, inputs) == (set(), set())
