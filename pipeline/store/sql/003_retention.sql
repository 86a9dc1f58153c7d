-- The end of data: what was destroyed when, under which rule, and what must not be yet.

-- Written by the export to the card-issuing system: from then on nobody here needs the PINs.
alter table document add column handed_over_at timestamp;

-- One row a run of `uketsuke purge` and data class. Figures only: the proof that it was done.
create table destruction (
    run_id         varchar not null,
    destroyed_at   timestamp not null,
    user_id        varchar not null,
    data_class     varchar not null,
    rule           varchar not null,
    documents      integer not null,
    stored_values  integer not null,     -- sealed values and characters taken out of rows
    files          integer not null,     -- sealed originals and crops unlinked
    first_received timestamp,
    last_received  timestamp
);

-- Which key ended with which run; without it nothing that it sealed opens, in no copy.
create table destroyed_key (
    run_id        varchar not null,
    number        integer not null,
    data_class    varchar not null,
    period        varchar not null
);

-- What of a document has ended, so that no run looks at it twice.
create table ended (
    document_id   varchar not null,
    data_class    varchar not null,
    run_id        varchar not null
);

-- While a hold stands, nothing of the document is destroyed, whatever its clock says.
create table legal_hold (
    document_id   varchar not null,
    reason        varchar not null,      -- a code of the office, never a text about a person
    set_by        varchar not null,
    set_at        timestamp not null,
    lifted_by     varchar,
    lifted_at     timestamp
);
