"""The audit log: what is appended to it, and how its chain is sealed and verified."""
