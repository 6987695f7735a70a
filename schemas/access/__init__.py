"""Access of each process: its settings, rules of Kafka, policies of the object store. Pure data."""
