-- A line of the subway, by its name on the map, may be closed or run less often as a street may.
alter table conditions add column line text;
