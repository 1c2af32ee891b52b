"""Importing an FAQ that exists already."""
