"""The library shared by the suite's rules, methods, tables and figures. Importing it loads neither torch nor numpy."""

__version__ = "0.1.0"
