"""The pipeline: a message and what is known become a decision, and the decision becomes words."""
