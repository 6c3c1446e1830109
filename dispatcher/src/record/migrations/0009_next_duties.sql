-- A hold is of the trip its staff member is on, or of the one they go on to when `after_trip` has ended. Of either at most one, and
-- never both of the same trip.
alter table holds add column after_trip blob references trips (id);
alter table holds add column duty text not null default 'current'
  check (duty in ('current', 'next') and (duty = 'next') = (after_trip is not null) and (after_trip is null or after_trip <> trip));
-- When a next duty became the present one; where it was was another rider's before.
alter table holds add column current_since integer;

drop index holds_one_trip_per_staff;
create unique index holds_one_current_per_staff on holds (staff)
  where duty = 'current' and state in ('held', 'accepted', 'active');
create unique index holds_one_next_per_staff on holds (staff)
  where duty = 'next' and state in ('held', 'accepted', 'active');
create unique index holds_one_slot_per_staff on holds (trip, staff) where state in ('held', 'accepted', 'active');
create index holds_by_staff on holds (staff) where state in ('held', 'accepted', 'active');
create index holds_after_trip on holds (after_trip) where duty = 'next' and state in ('held', 'accepted', 'active');

-- A trip with an alarm is followed by no other.
create index incidents_by_trip on incidents (trip) where trip is not null;
