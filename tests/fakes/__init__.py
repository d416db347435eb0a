"""Servers that behave as the real ones were recorded to, and tell a test everything.

Python's standard library alone; test_replay.py holds them against the recorded exchanges.
"""
