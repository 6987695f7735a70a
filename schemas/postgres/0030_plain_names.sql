-- A name as it is looked for: without accents, in one case (`schemas.text.searched`); null: written before this. Forward only.
alter table subjects add column plain text;
