-- Sheets are looked for among all that were ever loaded, a stretch of documents at a time.
alter table sheet_mark add column serial bigint;
update sheet_mark set serial = d.serial
from document d where d.document_id = sheet_mark.document_id;
