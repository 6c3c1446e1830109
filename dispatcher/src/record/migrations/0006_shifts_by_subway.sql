-- Escorts who walk and take the subway. A check cannot be changed in place, so the table is made anew.
create table shifts_anew (
  id integer primary key autoincrement,
  staff blob not null references staff (account),
  starts_at integer not null,
  ends_at integer not null,
  mode text not null check (mode in ('walk', 'drive', 'transit')),
  worked_before_s integer not null,
  ended_at integer
) strict;
insert into shifts_anew select id, staff, starts_at, ends_at, mode, worked_before_s, ended_at from shifts;
drop table shifts;
alter table shifts_anew rename to shifts;
create unique index shifts_one_running on shifts (staff) where ended_at is null;
create index shifts_by_staff on shifts (staff, starts_at);
