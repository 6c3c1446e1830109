-- What a new booking of the rider is held against.
create index trips_open_by_rider on trips (rider) where ended_at is null;
