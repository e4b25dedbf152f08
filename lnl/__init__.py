"""The library shared by the suite's rules, methods, tables and figures. Importing it costs nothing: no torch, no numpy."""

__version__ = "0.1.0"
