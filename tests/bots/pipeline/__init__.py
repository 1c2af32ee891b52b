"""The pipeline, from a message to all that it makes happen."""
