"""Jobs: an older product's five paths, for programs that know them. A job is a project."""
