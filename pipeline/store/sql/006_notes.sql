-- What reviewers write to each other about a document. It may name a person, so it is sealed with
-- the class text and ends with it: then text_sealed is null, and who wrote when stays.
create table note (
    note_id       varchar primary key,
    document_id   varchar not null,
    user_id       varchar not null,
    text_sealed   blob,
    written_at    timestamp not null
);
