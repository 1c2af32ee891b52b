"""Sentence encoders, with the real models."""
