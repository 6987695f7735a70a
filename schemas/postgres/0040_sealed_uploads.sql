-- The copy of an upload's object that no signed URL can write to: what is made of the upload is made of that. Forward only.
alter table uploads add column sealed_key text;  -- null: not sealed yet, or sent in parts, which nothing can change once joined
