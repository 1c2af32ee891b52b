"""The live chat held against a client, and against Chromium."""
