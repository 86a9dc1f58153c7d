-- A decision is never changed or removed: one that takes another back names it.
alter table decision add column undoes varchar;
