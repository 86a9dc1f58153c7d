-- Keyed bits of where a sheet's ink lies, for finding the same sheet scanned twice; of no use
-- without the vault. Only scans of one form are compared.
create table sheet_mark (
    document_id   varchar not null,
    form          varchar not null,
    field         varchar not null,
    mark          blob not null
);
