-- Uncertain characters of many documents, looked at side by side. The character itself is no
-- column: it is read out of its seal whenever a carpet is shown.
create table carpet_cell (
    carpet_id     varchar not null,
    place         integer not null,      -- where on the carpet, in an order drawn at random
    task_id       varchar not null,
    position      integer not null,      -- which character of the field
    task_ver      integer not null,      -- version of the task as it was handed out
    user_id       varchar not null,
    state         varchar not null,      -- handed | shown | right | doubted | left | unseen
    handed_at     timestamp not null
);

-- The carpet that the lease of a task is for; null: the task as a whole.
alter table task add column lease_carpet varchar;

-- The character that a decision is about, where it is about one alone.
alter table decision add column position integer;
