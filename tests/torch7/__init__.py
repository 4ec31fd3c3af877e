"""Torch7 files for the tests, put together record by record from the format's description."""
