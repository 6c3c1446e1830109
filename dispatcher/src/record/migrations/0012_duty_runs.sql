-- Duties of somebody that have followed one another without a rest, and since when they have had none to do. Read by policy, which
-- knows how long a rest is; a run that a rest has ended stays until the next duty begins another.
create table duty_runs (
  staff blob primary key references staff (account),
  since integer not null,
  idle_since integer
) strict, without rowid;
