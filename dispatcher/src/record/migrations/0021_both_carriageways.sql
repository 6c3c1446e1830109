-- Along a street its other carriageway may be meant too, where the map draws it apart. What was said before was of one.
alter table conditions add column both_carriageways integer not null default 0 check (both_carriageways in (0, 1));
