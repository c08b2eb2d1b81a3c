"""How the long-running parts log: one line an event, readable, without secrets."""

import structlog


def configure_logs() -> None:
    """Log with plain traces: structlog's default also prints local variables, passwords and keys among them."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )
