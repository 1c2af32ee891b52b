"""The drill, and that it sees what does not add up."""
