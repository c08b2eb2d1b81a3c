"""The one error of the converter."""


class ConversionError(Exception):
    """The files cannot be converted. The message names the file, what is wrong with it and what to do."""
