"""The bot is killed at random moments, and nothing is lost or doubled."""
