"""Maps with their features and results: what estimators are fitted on."""

from dataclasses import dataclass

from cs2.forecasting.matches import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """Maps with what was known before them.

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
        """Some of the maps."""
        return TrainingSet(X=self.X[index], team1_won=self.team1_won[index], day=self.day[index], row=self.row[index])
