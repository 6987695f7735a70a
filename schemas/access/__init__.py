"""Who is given what: settings of each process, rules of Kafka, policies of the object store. Pure data."""
