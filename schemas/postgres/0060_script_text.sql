-- A script's background has the colours of its brand kit: ingest reads the version that the project names. Forward only.

grant select on brand_kit_versions to clipstream_ingest;
