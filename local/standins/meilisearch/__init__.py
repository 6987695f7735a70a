"""A small server that speaks Meilisearch's HTTP API, for one machine. Never for production."""
