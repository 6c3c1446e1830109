-- A crew goes at its rider's pace. Of what was learnt before nobody knows which it was: it counts as of somebody alone until it is pruned.
alter table travel_observations add column with_rider integer not null default 0 check (with_rider in (0, 1));
