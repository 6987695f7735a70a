-- What an export's file remembers of its chunks (schemas/chunks.py), for later exports of the clip. Forward only.
alter table exports add column chunks jsonb;  -- null: nothing of it can be taken
