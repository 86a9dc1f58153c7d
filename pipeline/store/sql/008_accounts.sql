-- An account that may not log in; its history stays.
alter table person add column disabled_at timestamp;
