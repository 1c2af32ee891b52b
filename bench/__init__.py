"""Measures the bot against a plain loop: ``make bench``."""
