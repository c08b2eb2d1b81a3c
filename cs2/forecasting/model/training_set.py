"""Training examples: maps with their features and results."""

from dataclasses import dataclass

from cs2.forecasting.matches import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Maps with the features that were known before them.

    Attributes:
        X: Features, shape (n, n_features).
        team1_won: Outcome, shape (n,).
        day: Day on which the map was forecast, shape (n,).
        row: Row of the map in the history, shape (n,).
    """

    X: FloatArray
    team1_won: BoolArray
    day: IntArray
    row: IntArray

    def __len__(self) -> int:
        return len(self.day)

    def take(self, index: IntArray | BoolArray) -> "TrainingSet":
        """Select maps, in the order of ``index``."""
        return TrainingSet(X=self.X[index], team1_won=self.team1_won[index], day=self.day[index], row=self.row[index])
