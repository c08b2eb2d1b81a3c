"""``cs2 down``: end processes of the stack that a crash left running."""

from cli.stack.layout import data_folder
from cli.stack_options import DataDir


def down(data_dir: DataDir = None) -> None:
    """End processes of the stack that a crash left running."""
    from cli.stack.leftovers import end_leftovers

    folder = data_folder(data_dir)
    count = end_leftovers(folder)
    print(f"{count} processes of the stack in {folder} ended" if count else f"nothing of the stack in {folder} runs")
