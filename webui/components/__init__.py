"""Pieces that several tabs share: job card, paged table, charts, numbers in words."""
