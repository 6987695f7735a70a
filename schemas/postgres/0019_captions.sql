-- How the words of an export are shown: by which template, and whether coarse ones are hidden. Forward only.
alter table exports add column template text not null default 'bold_outline';
alter table exports add column mask_profanity boolean not null default false;
