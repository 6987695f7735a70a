"""What each process is given: settings, rules of Kafka, policies of the object store. Pure data."""
