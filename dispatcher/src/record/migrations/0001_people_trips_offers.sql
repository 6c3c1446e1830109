-- Ids are 16-byte blobs (UUID), instants are milliseconds since 1970 UTC, dates and times are Korean civil text.
-- Places are degrees times 10^7. Append-only: a later change is a later file.

-- The fencing number: every write checks that its own is still the newest.
create table epoch (
  one integer primary key check (one = 1),
  epoch integer not null,
  opened_at integer not null
) strict;
insert into epoch (one, epoch, opened_at) values (1, 0, 0);

create table counters (
  name text primary key,
  value integer not null
) strict, without rowid;
insert into counters (name, value) values ('change', 0), ('roster', 0), ('unit', 100), ('heartbeat', 0);

create table agencies (
  id blob primary key,
  name text not null,
  is_centre integer not null,
  created_at integer not null
) strict, without rowid;

create table accounts (
  id blob primary key,
  role text not null check (role in ('rider', 'staff', 'supervisor', 'admin')),
  agency blob references agencies (id),
  display text not null,
  no integer unique,
  session_epoch integer not null default 0,
  created_at integer not null,
  suspended_at integer,
  suspended_because text
) strict, without rowid;

create table staff (
  account blob primary key references accounts (id),
  kind text not null check (kind in ('guard', 'supporter')),
  gender text check (gender in ('woman', 'man')),
  certified_until integer not null
) strict, without rowid;

-- The conflict wall: this staff member is tied to this rider.
create table conflicts (
  staff blob not null references staff (account),
  rider blob not null references accounts (id),
  primary key (staff, rider)
) strict, without rowid;

create table grants (
  rider blob primary key references accounts (id),
  gender text check (gender in ('woman', 'man')),
  risk text not null check (risk in ('standard', 'high')),
  crew_size integer not null check (crew_size between 1 and 4)
) strict, without rowid;

-- Agencies the rider consented to; none is any.
create table grant_agencies (
  rider blob not null references grants (rider),
  agency blob not null references agencies (id),
  primary key (rider, agency)
) strict, without rowid;

create table tokens (
  id integer primary key autoincrement,
  hash blob not null unique,
  account blob not null references accounts (id),
  issued_at integer not null,
  expires_at integer not null,
  revoked_at integer
) strict;
create index tokens_by_account on tokens (account) where revoked_at is null;
create index tokens_by_expiry on tokens (expires_at);

create table codes (
  hash blob primary key,
  account blob not null references accounts (id),
  expires_at integer not null,
  used_at integer
) strict, without rowid;

create table revocations (
  id integer primary key autoincrement,
  account blob not null references accounts (id),
  token integer,
  at integer not null
) strict;

create table shifts (
  id integer primary key autoincrement,
  staff blob not null references staff (account),
  starts_at integer not null,
  ends_at integer not null,
  mode text not null check (mode in ('walk', 'drive')),
  worked_before_s integer not null,
  ended_at integer
) strict;
create unique index shifts_one_running on shifts (staff) where ended_at is null;
create index shifts_by_staff on shifts (staff, starts_at);

create table bookings (
  id blob primary key,
  rider blob not null references accounts (id),
  idempotency_key text not null,
  body_sha256 blob not null,
  kind text not null check (kind in ('now', 'at', 'commute')),
  at integer,
  crew_size integer not null check (crew_size between 1 and 4),
  pickup_lat integer not null,
  pickup_lon integer not null,
  pickup_label text,
  dropoff_lat integer not null,
  dropoff_lon integer not null,
  dropoff_label text,
  trip_s integer not null,
  return_trip_s integer not null,
  created_at integer not null,
  unique (rider, idempotency_key)
) strict, without rowid;

create table series (
  id blob primary key,
  booking blob not null unique references bookings (id),
  rider blob not null references accounts (id),
  days integer not null,
  outward_at text not null,
  return_at text not null,
  from_date text not null,
  until_date text not null,
  ended_at integer
) strict, without rowid;
create index series_by_rider on series (rider);
create index series_running on series (until_date) where ended_at is null;

create table series_skips (
  series blob not null references series (id),
  date text not null,
  primary key (series, date)
) strict, without rowid;

create table trips (
  id blob primary key,
  booking blob not null references bookings (id),
  rider blob not null references accounts (id),
  leg text not null check (leg in ('single', 'outward', 'return')),
  series blob references series (id),
  series_date text,
  crew_size integer not null check (crew_size between 1 and 4),
  pickup_lat integer not null,
  pickup_lon integer not null,
  pickup_label text,
  dropoff_lat integer not null,
  dropoff_lon integer not null,
  dropoff_label text,
  pickup_at integer,
  trip_s integer not null,
  requested_at integer not null,
  phase text not null,
  escalated_at integer,
  -- When the engine must look at it; null when there is nothing to look for.
  due_at integer,
  live_since integer,
  vacant_since integer,
  attempt integer not null default 0,
  rider_word text,
  crew_word text,
  unserved_because text,
  ended_at integer,
  updated_at integer not null,
  change_no integer not null
) strict, without rowid;
create unique index trips_one_per_leg on trips (series, series_date, leg) where series is not null;
create index trips_due on trips (due_at) where due_at is not null;
create index trips_open on trips (requested_at) where ended_at is null;
create index trips_by_rider on trips (rider);
create index trips_by_booking on trips (booking);
create unique index trips_by_change on trips (change_no);

-- An offer and the hold behind it are one row; it stays when it is over.
create table holds (
  id blob primary key,
  trip blob not null references trips (id),
  slot integer not null,
  staff blob not null references staff (account),
  attempt integer not null,
  eta_s integer not null,
  offered_at integer not null,
  expires_at integer not null,
  offer_state text not null check (offer_state in ('open', 'accepted', 'declined', 'expired', 'withdrawn')),
  state text not null check (state in ('held', 'accepted', 'active', 'released')),
  -- The member's own phase.
  phase text not null,
  answered_at integer,
  closed_at integer,
  closed_because text
) strict, without rowid;
create unique index holds_one_per_slot on holds (trip, slot) where state in ('held', 'accepted', 'active');
create unique index holds_one_trip_per_staff on holds (staff) where state in ('held', 'accepted', 'active');
create index holds_by_trip on holds (trip);

create table assignments (
  id integer primary key autoincrement,
  trip blob not null references trips (id),
  assigned_at integer not null,
  ended_at integer,
  ended_because text
) strict;
create unique index assignments_one_per_trip on assignments (trip) where ended_at is null;
create index assignments_by_trip on assignments (trip);

create table assignment_members (
  assignment integer not null references assignments (id),
  slot integer not null,
  staff blob not null references staff (account),
  offer blob not null references holds (id),
  -- Promised to the rider.
  eta_s integer not null,
  primary key (assignment, slot)
) strict, without rowid;

create table incidents (
  id blob primary key,
  raised_by blob not null references accounts (id),
  role text not null,
  no integer,
  trip blob references trips (id),
  raised_at integer not null,
  fix_lat integer,
  fix_lon integer,
  fix_accuracy_m real,
  fix_kind integer,
  fix_taken_at integer,
  fix_epoch integer,
  fix_seq integer,
  acknowledged_by blob references accounts (id),
  acknowledged_by_display text,
  acknowledged_at integer,
  change_no integer not null
) strict, without rowid;
create unique index incidents_by_change on incidents (change_no);
create index incidents_open on incidents (raised_by, raised_at) where acknowledged_at is null;

create table outbox (
  id integer primary key autoincrement,
  recipient blob not null references accounts (id),
  seq integer not null,
  kind text not null,
  trip blob,
  offer blob,
  incident blob,
  reason text,
  created_at integer not null,
  unique (recipient, seq)
) strict;

create table outbox_heads (
  recipient blob primary key references accounts (id),
  issued integer not null,
  acknowledged integer not null
) strict, without rowid;

-- Each row carries the SHA-256 over the previous row's hash and its own fields. Ids only, no personal data.
create table audit (
  id integer primary key,
  at integer not null,
  epoch integer not null,
  actor blob,
  action text not null,
  subject blob,
  detail text not null,
  hash blob not null
) strict;
