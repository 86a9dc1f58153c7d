-- A file or a page that could not be used, and the new scan of its paper. The old examination and
-- its decisions stay as they were; a row here appears when somebody first acts on it.
create table rescan (
    rescan_id     varchar primary key,
    batch_id      varchar not null,      -- where the bad scan came in
    position      integer not null,
    document_id   varchar,               -- the bad document; null: the file as a whole
    state         varchar not null,      -- wanted (again) | sent | replaced | unneeded
    attempts      integer not null,      -- new scans so far that could not take its place
    problem       varchar,               -- code: why the last of them could not
    new_scan_id   varchar,               -- the scan given for it, known before it is claimed
    updated_at    timestamp not null,
    user_id       varchar not null
);

-- Append-only: which document took the place of what.
create table replacement (
    rescan_id       varchar not null,
    old_document_id varchar,             -- null: a file that could not be opened
    new_document_id varchar not null,
    replaced_at     timestamp not null
);
