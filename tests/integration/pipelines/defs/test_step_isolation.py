"""Steps may run on different machines: no value passes from one to the next, so none goes through somebody's disk."""

import dagster as dg

from pipelines.definitions import defs


def test_no_asset_hands_a_value_on() -> None:
    found = [asset for asset in defs.assets or () if isinstance(asset, dg.AssetsDefinition)]
    assert len(found) >= 5
    values = {
        f"{asset.op.name}.{output.name}"
        for asset in found
        for output in asset.op.output_defs
        if not output.dagster_type.is_nothing
    }
    inputs = {
        f"{asset.op.name}.{told.name}"
        for asset in found
        for told in asset.op.input_defs
        if not told.dagster_type.is_nothing
    }
    assert (values, inputs) == (set(), set())
