"""A time-travel debugger for PyTorch training, in the terminal."""

__version__ = "0.1.0"
