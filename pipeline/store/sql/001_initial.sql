-- Times are UTC without a zone. Columns named *_sealed hold blobs of the vault; nothing else in
-- this file is a value that was read from a document.

-- Ledger: one row a batch, written in the transaction that loads it.
create table batch (
    batch_id      varchar primary key,
    digest        varchar not null,      -- of the Arrow bytes: the same id with other content is refused
    arrivals      integer not null,
    documents     integer not null,
    loaded_at     timestamp not null
);

-- Every file that came in leaves as loaded, duplicate or quarantined.
create table arrival (
    batch_id      varchar not null,
    position      integer not null,
    scan_id       varchar not null,
    channel       varchar not null,
    outcome       varchar not null,      -- loaded | duplicate | quarantined
    reason        varchar,               -- code of the quarantine
    pages         integer not null,
    received_at   timestamp not null,
    primary key (batch_id, position)
);

create table document (
    document_id   varchar primary key,
    scan_id       varchar not null,
    batch_id      varchar not null,
    channel       varchar not null,
    form          varchar,
    form_version  varchar,
    route         varchar not null,
    photo_verdict varchar,
    received_at   timestamp not null,
    loaded_at     timestamp not null,
    decided_at    timestamp,
    outcome       varchar,               -- accept | return | refuse | rescan, once decided
    ver           integer not null default 1
);

create table page (
    document_id       varchar not null,
    number            integer not null,
    residual_px       double,
    inliers           integer,
    rotation_quarters integer
);

create table field (
    document_id       varchar not null,
    field             varchar not null,
    ordinal           integer not null,
    value_sealed      blob,              -- as the machine read it; never changed afterwards
    characters_sealed blob,              -- characters with alternatives, JSON
    masked            varchar,
    confidence        double not null,
    accepted          boolean not null,
    flagged           integer not null,
    length            integer,           -- characters read; null for PINs
    reader            varchar not null,
    model_version     varchar not null,
    has_crop          boolean not null,
    crop_x_px         integer,
    crop_y_px         integer,
    final_sealed      blob,              -- as a person decided it
    reviewed          varchar            -- confirmed | corrected | illegible, once a person decided
);

create table finding (
    document_id   varchar not null,
    ordinal       integer not null,
    code          varchar not null,
    severity      varchar not null,
    field         varchar,
    position      integer,
    evidence      varchar not null       -- JSON: names and numbers
);

create table photo_check (
    document_id   varchar not null,
    ordinal       integer not null,
    check_name    varchar not null,
    verdict       varchar not null,
    measured      double,
    unit          varchar not null,
    threshold     double
);

-- Keyed marks for finding the same applicant twice; of no use without the vault.
create table blind_mark (
    document_id   varchar not null,
    family        varchar not null,      -- application | reply: only like is compared with like
    field         varchar not null,
    mark          blob not null
);

create table task (
    task_id       varchar primary key,
    document_id   varchar not null,
    field         varchar,               -- null: the document as a whole
    kind          varchar not null,      -- confirm | key | adjudicate
    purpose       varchar not null,      -- review | sample
    priority      integer not null,
    ordinal       integer not null,      -- order within the document
    state         varchar not null,      -- open | closed
    result        varchar,
    parent_id     varchar,               -- the keying that an adjudication settles
    lease_user    varchar,
    lease_until   timestamp,
    created_at    timestamp not null,
    closed_at     timestamp,
    ver           integer not null default 1
);

-- Append-only: what a person decided, when, seeing what.
create table decision (
    decision_id   varchar not null,
    task_id       varchar not null,
    document_id   varchar not null,
    field         varchar,
    user_id       varchar not null,
    action        varchar not null,
    value_sealed  blob,
    seen          varchar not null,      -- machine | blind | both | document
    reasons       varchar,               -- finding codes, for a return
    task_ver      integer not null,
    decided_at    timestamp not null
);

-- Append-only and chained: each mark covers the one before it.
create table audit (
    seq           bigint not null,
    happened_at   timestamp not null,
    user_id       varchar not null,
    role          varchar not null,
    action        varchar not null,
    subject       varchar not null,      -- kind:identifier
    field         varchar,
    detail        varchar,               -- a code, never a value
    previous_mark varchar not null,
    mark          varchar not null
);

create table person (
    user_id       varchar primary key,
    name          varchar not null unique,
    role          varchar not null,
    password_hash varchar not null,
    must_change   boolean not null,
    failures      integer not null,
    locked_until  timestamp,
    created_at    timestamp not null
);

create table session (
    token_mark    varchar primary key,   -- a hash of the cookie
    user_id       varchar not null,
    csrf          varchar not null,
    started_at    timestamp not null,
    seen_at       timestamp not null,
    ended_at      timestamp
);

create table timing (
    document_id   varchar not null,
    batch_id      varchar not null,
    stage         varchar not null,
    duration_ms   double not null
);
