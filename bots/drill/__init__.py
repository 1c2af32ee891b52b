"""The drill: the real bot on simulated networks and desks, under load and faults, and whether everything adds up."""
