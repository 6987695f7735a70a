"""Rows of uploads whose bytes pass through the API in order."""
