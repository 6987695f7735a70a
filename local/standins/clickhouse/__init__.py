"""ClickHouse's own engine (chDB) behind ClickHouse's HTTP interface, for one machine only."""
