-- Escorts who come by bicycle. A check cannot be changed in place, so the tables are made anew.
create table shifts_anew (
  id integer primary key autoincrement,
  staff blob not null references staff (account),
  starts_at integer not null,
  ends_at integer not null,
  mode text not null check (mode in ('walk', 'drive', 'transit', 'cycle')),
  worked_before_s integer not null,
  ended_at integer
) strict;
insert into shifts_anew select id, staff, starts_at, ends_at, mode, worked_before_s, ended_at from shifts;
drop table shifts;
alter table shifts_anew rename to shifts;
create unique index shifts_one_running on shifts (staff) where ended_at is null;
create index shifts_by_staff on shifts (staff, starts_at);

create table travel_observations_anew (
  id integer primary key autoincrement,
  day integer not null,
  hour integer not null check (hour between 0 and 23),
  profile text not null check (profile in ('walk', 'drive', 'transit', 'cycle')),
  motorway_ms integer not null,
  primary_ms integer not null,
  secondary_ms integer not null,
  tertiary_ms integer not null,
  residential_ms integer not null,
  path_ms integer not null,
  fixed_ms integer not null,
  took_ms integer not null
) strict;
insert into travel_observations_anew select id, day, hour, profile, motorway_ms, primary_ms, secondary_ms, tertiary_ms,
  residential_ms, path_ms, fixed_ms, took_ms from travel_observations;
drop table travel_observations;
alter table travel_observations_anew rename to travel_observations;
create index travel_observations_by_day on travel_observations (day);

-- What was said for walkers and for cars was said for everybody there was: it is for bicycles too.
alter table conditions add column cycle integer not null default 0 check (cycle in (0, 1));
update conditions set cycle = 1 where walk = 1 and drive = 1;
