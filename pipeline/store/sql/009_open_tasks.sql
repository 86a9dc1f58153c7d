-- A desk of a million documents answers from little. Documents are numbered in the order of their
-- loading, and what hangs on a document carries its number: DuckDB keeps the least and the greatest
-- number of every stretch of rows and passes the others over, at no cost in memory.
alter table document add column serial bigint;
update document set serial = n.serial
from (select document_id, row_number() over (order by loaded_at, received_at, document_id) as serial
      from document) n
where n.document_id = document.document_id;

alter table page add column serial bigint;
update page set serial = d.serial from document d where d.document_id = page.document_id;
alter table field add column serial bigint;
update field set serial = d.serial from document d where d.document_id = field.document_id;
alter table finding add column serial bigint;
update finding set serial = d.serial from document d where d.document_id = finding.document_id;
alter table photo_check add column serial bigint;
update photo_check set serial = d.serial
from document d where d.document_id = photo_check.document_id;
alter table blind_mark add column serial bigint;
update blind_mark set serial = d.serial
from document d where d.document_id = blind_mark.document_id;
alter table decision add column serial bigint;
update decision set serial = d.serial from document d where d.document_id = decision.document_id;

-- Open work stands apart from what is done: handing out, counting and ages look at it alone.
create table open_task (
    task_id       varchar not null,
    document_id   varchar not null,
    serial        bigint not null,
    field         varchar,               -- null: the document as a whole
    kind          varchar not null,      -- confirm | key | adjudicate
    purpose       varchar not null,      -- review | sample
    priority      integer not null,
    ordinal       integer not null,      -- order within the document
    parent_id     varchar,               -- the keying that an adjudication settles
    lease_user    varchar,
    lease_until   timestamp,
    lease_carpet  varchar,               -- the carpet that the lease is for; null: the whole task
    for_carpet    boolean not null,      -- as far as known, nothing but characters keeps it open
    received_at   timestamp not null,    -- of the document: the promise counts from here
    created_at    timestamp not null,
    ver           integer not null
);

create table closed_task (
    task_id       varchar not null,
    document_id   varchar not null,
    serial        bigint not null,
    field         varchar,
    kind          varchar not null,
    purpose       varchar not null,
    priority      integer not null,
    ordinal       integer not null,
    parent_id     varchar,
    received_at   timestamp not null,
    created_at    timestamp not null,
    ver           integer not null,
    result        varchar,
    closed_at     timestamp not null
);

-- A carpet looks at what it may take before it shows it, so kind and purpose are enough here.
insert into open_task
select t.task_id, t.document_id, d.serial, t.field, t.kind, t.purpose, t.priority, t.ordinal,
  t.parent_id, t.lease_user, t.lease_until, t.lease_carpet,
  t.kind = 'confirm' and t.purpose = 'review' and t.field is not null,
  d.received_at, t.created_at, t.ver
from task t join document d using (document_id) where t.state = 'open' order by t.created_at;

insert into closed_task
select t.task_id, t.document_id, d.serial, t.field, t.kind, t.purpose, t.priority, t.ordinal,
  t.parent_id, d.received_at, t.created_at, t.ver, t.result, coalesce(t.closed_at, t.created_at)
from task t join document d using (document_id) where t.state = 'closed' order by t.closed_at;

drop table task;

-- All of it, for whoever reads and does not hurry.
create view task as
select task_id, document_id, serial, field, kind, purpose, priority, ordinal, 'open' as state,
  null::varchar as result, parent_id, lease_user, lease_until, lease_carpet, received_at,
  created_at, null::timestamp as closed_at, ver
from open_task
union all
select task_id, document_id, serial, field, kind, purpose, priority, ordinal, 'closed',
  result, parent_id, null, null, null, received_at, created_at, closed_at, ver
from closed_task;
