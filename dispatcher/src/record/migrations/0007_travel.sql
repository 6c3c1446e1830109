-- What changes travel times: streets that are closed (no factor) or take so many times as long; all of a class, those near a
-- point, or those of one street between two points.
create table conditions (
  id blob primary key,
  factor real,
  class text check (class in ('motorway', 'primary', 'secondary', 'tertiary', 'residential', 'path')),
  lat integer,
  lon integer,
  radius_m integer check (radius_m between 5 and 500),
  to_lat integer,
  to_lon integer,
  walk integer not null check (walk in (0, 1)),
  drive integer not null check (drive in (0, 1)),
  -- Korean hours of the day, from and before; null is all day.
  from_hour integer check (from_hour between 0 and 23),
  to_hour integer check (to_hour between 1 and 24),
  until integer,
  created_at integer not null,
  check (class is null or factor is not null)
) strict, without rowid;

-- What finished ways teach about travel times: by class of road what the way takes on empty streets, and what it took. No
-- place, no person, no trip; the time only as the Korean day (since 1970) and the hour.
create table travel_observations (
  id integer primary key autoincrement,
  day integer not null,
  hour integer not null check (hour between 0 and 23),
  profile text not null check (profile in ('walk', 'drive', 'transit')),
  motorway_ms integer not null,
  primary_ms integer not null,
  secondary_ms integer not null,
  tertiary_ms integer not null,
  residential_ms integer not null,
  path_ms integer not null,
  fixed_ms integer not null,
  took_ms integer not null
) strict;
create index travel_observations_by_day on travel_observations (day);
