-- Who proves an account: a password here (local), or the office's directory, with a role given
-- here (directory) or by its groups (groups). The directory's own name of an entry, which stays
-- when people are renamed and is never given out again; no name, no password.
alter table person add column source varchar default 'local';
alter table person add column directory_id varchar;
