"""The FAQ: entries, matching with calibrated probabilities, watching, lint and evaluation."""
