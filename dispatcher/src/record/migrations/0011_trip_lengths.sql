-- Seconds from meeting to drop-off when one of the crew comes by car; `trip_s` holds where nobody does. Null: the same whoever comes.
alter table bookings add column car_trip_s integer;
alter table bookings add column car_return_trip_s integer;
alter table trips add column car_trip_s integer;
