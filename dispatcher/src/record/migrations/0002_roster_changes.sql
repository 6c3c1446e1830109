-- Which staff the roster must read again: those whose account, shift or slot changed after the reader's version.
alter table staff add column roster_no integer not null default 0;
create index staff_by_roster_no on staff (roster_no);
