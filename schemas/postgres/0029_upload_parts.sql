-- How an upload is split, so that the URL of each part takes just its bytes; null: one piece, or begun before this. Forward only.
alter table uploads add column part_bytes bigint check (part_bytes > 0);
