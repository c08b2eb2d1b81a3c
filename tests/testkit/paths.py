"""Folders that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The project."""

SHARED_DATA = ROOT.parent / "shared" / "data"
"""Real matches; missing on most machines."""
