"""State of polling one HTTP interface, and its transitions. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cs2.calendar import is_pause_over


@dataclass(frozen=True, slots=True)
class PollState:
    """Where polling stands.

    A poll ends in one of three ways: it fetched everything, it ran out of time, or it failed. The defaults are the
    state of a source that was never polled.

    Attributes:
        next_poll_at: No request before this time. None: poll at once.
        problem: Why the last poll failed. None if it did not fail.
        is_readable: Whether the fetched rows may be read: the fetch is complete, or they are released early.
        next_release_at: While a fetch is incomplete, release its rows at this time. None: no fetch ran out of time yet.
        polled_at: When ``next_poll_at`` was set. None: unknown, poll at once.
    """

    next_poll_at: datetime | None = None
    problem: str | None = None
    is_readable: bool = False
    next_release_at: datetime | None = None
    polled_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to poll."""
        if self.next_poll_at is None or self.polled_at is None:
            return True
        return is_pause_over(self.polled_at, self.next_poll_at - self.polled_at, now=now)

    def after_complete_fetch(self, now: datetime, pause: timedelta) -> "PollState":
        """Everything was fetched: wait for a pause, the rows may be read."""
        return replace(self, polled_at=now, next_poll_at=now + pause, problem=None, is_readable=True)

    def after_partial_fetch(self, now: datetime, pause: timedelta) -> "PollState":
        """Time ran out: continue with the next poll. Once per pause, release the rows fetched so far."""
        is_release = self.next_release_at is not None and is_pause_over(self.next_release_at - pause, pause, now=now)
        next_release_at = now + pause if is_release or self.next_release_at is None else self.next_release_at
        return PollState(is_readable=is_release, next_release_at=next_release_at)

    def after_failure(self, problem: str, now: datetime, pause: timedelta) -> "PollState":
        """A request failed: report the problem until the next poll, after the pause."""
        return replace(self, polled_at=now, next_poll_at=now + pause, problem=problem)
