"""Rows of links that show exports to who has no account."""
