-- Where a rider must not be led: a circle around a place, such as a protective order's. Gone when it is taken back: only that
-- there was one stays, on the audit chain.
create table avoid_zones (
  id blob primary key,
  rider blob not null references accounts (id),
  lat integer not null,
  lon integer not null,
  radius_m integer not null check (radius_m between 10 and 5000),
  created_at integer not null
) strict, without rowid;
create index avoid_zones_by_rider on avoid_zones (rider);
