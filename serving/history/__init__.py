"""The forecasts that were answered: look up, explain, page, forget who asked."""
