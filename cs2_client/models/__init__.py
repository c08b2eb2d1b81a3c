"""Contains all the data models used in inputs/outputs"""

from .account import Account
from .alive import Alive
from .automatic_forecast import AutomaticForecast
from .batch_answer import BatchAnswer
from .batch_item import BatchItem
from .batch_request import BatchRequest
from .batch_request_forecast_request import BatchRequestForecastRequest
from .body_log_in import BodyLogIn
from .calibration import Calibration
from .component import Component
from .entry import Entry
from .entry_page import EntryPage
from .explained_forecast import ExplainedForecast
from .explanation import Explanation
from .farewell import Farewell
from .field_problem import FieldProblem
from .fixture_page import FixturePage
from .forecast_answer import ForecastAnswer
from .forecast_request import ForecastRequest
from .history_page import HistoryPage
from .map_of_series import MapOfSeries
from .map_profile import MapProfile
from .map_record import MapRecord
from .match_status import MatchStatus
from .model import Model
from .model_metrics import ModelMetrics
from .model_page import ModelPage
from .model_status import ModelStatus
from .model_used import ModelUsed
from .named import Named
from .on_its_way import OnItsWay
from .password_change import PasswordChange
from .played_for import PlayedFor
from .player_profile import PlayerProfile
from .problem import Problem
from .promoted import Promoted
from .rating import Rating
from .readiness import Readiness
from .readiness_components import ReadinessComponents
from .reason import Reason
from .recorded_bin import RecordedBin
from .recorded_forecast import RecordedForecast
from .recorded_forecast_winner_type_0 import RecordedForecastWinnerType0
from .registration import Registration
from .score_line import ScoreLine
from .scores import Scores
from .series_answer import SeriesAnswer
from .series_request import SeriesRequest
from .series_request_best_of import SeriesRequestBestOf
from .stored_forecast import StoredForecast
from .team_profile import TeamProfile
from .team_used import TeamUsed
from .token import Token
from .totals import Totals
from .totals_baselines import TotalsBaselines
from .totals_by_status import TotalsByStatus
from .track_record_page import TrackRecordPage
from .turnout import Turnout
from .turnout_baselines import TurnoutBaselines
from .turnout_winner import TurnoutWinner
from .upcoming_fixture import UpcomingFixture

__all__ = (
    "Account",
    "Alive",
    "AutomaticForecast",
    "BatchAnswer",
    "BatchItem",
    "BatchRequest",
    "BatchRequestForecastRequest",
    "BodyLogIn",
    "Calibration",
    "Component",
    "Entry",
    "EntryPage",
    "ExplainedForecast",
    "Explanation",
    "Farewell",
    "FieldProblem",
    "FixturePage",
    "ForecastAnswer",
    "ForecastRequest",
    "HistoryPage",
    "MapOfSeries",
    "MapProfile",
    "MapRecord",
    "MatchStatus",
    "Model",
    "ModelMetrics",
    "ModelPage",
    "ModelStatus",
    "ModelUsed",
    "Named",
    "OnItsWay",
    "PasswordChange",
    "PlayedFor",
    "PlayerProfile",
    "Problem",
    "Promoted",
    "Rating",
    "Readiness",
    "ReadinessComponents",
    "Reason",
    "RecordedBin",
    "RecordedForecast",
    "RecordedForecastWinnerType0",
    "Registration",
    "ScoreLine",
    "Scores",
    "SeriesAnswer",
    "SeriesRequest",
    "SeriesRequestBestOf",
    "StoredForecast",
    "TeamProfile",
    "TeamUsed",
    "Token",
    "Totals",
    "TotalsBaselines",
    "TotalsByStatus",
    "TrackRecordPage",
    "Turnout",
    "TurnoutBaselines",
    "TurnoutWinner",
    "UpcomingFixture",
)
