"""``cs2 train``: train a model in the running stack, and promote it if the gate passes."""

import typer
from rich.console import Console

from cli.exit_codes import ExitCode
from cli.run_outcome import RunOutcome
from cli.runs import DagsterError, DagsterRuns, follow_to_the_end
from cli.stack.layout import settings_of_running_stack

JOB = "train_job"
CANDIDATE = "candidate_model"
CHAMPION = "champion_model"


def train() -> None:
    """Train on all stored results, and serve the model if it passes the gate.

    The run belongs to the running stack, so Dagster and MLflow show it. If a training is already under way, the command
    follows it instead of starting a second one. Exit status 3: the gate refused the model.
    """
    console = Console()
    try:
        with DagsterRuns(settings_of_running_stack().dagster_url) as runs:
            run_id = runs.active_run(JOB)
            if run_id:
                console.print("a training is already under way: following it")
            outcome = follow_to_the_end(runs, run_id or runs.launch(JOB), console)
    except DagsterError as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
        raise typer.Exit(ExitCode.FAILURE) from error
    raise typer.Exit(report_training(outcome, console))


def report_training(outcome: RunOutcome, console: Console) -> ExitCode:
    """Print the metrics and the gate's result; return the exit status."""
    candidate = outcome.metadata.get(CANDIDATE, {})
    version = candidate.get("model_version")
    if candidate:
        console.print(f"version {version}, held-out maps {candidate.get('held_out_maps')}:")
        for name in ("log_loss", "elo_log_loss", "brier_score", "calibration_slope"):
            if name in candidate:
                console.print(f"  {name.replace('_', ' ')}: {candidate[name]:.4f}")
    refusals = outcome.failed_checks.get(CANDIDATE)
    if refusals:
        console.print(f"the gate refused version {version}; the champion serves on", style="yellow")
        for name, reason in refusals.items():
            console.print(f"  {name}: {reason}", markup=False)
        return ExitCode.MODEL_REFUSED
    if outcome.status != "SUCCESS":
        return ExitCode.FAILURE
    console.print(f"version {outcome.metadata[CHAMPION]['model_version']} is the champion", style="green")
    return ExitCode.OK
