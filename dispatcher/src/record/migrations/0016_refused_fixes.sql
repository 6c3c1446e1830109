-- What fixes of a trip's crew were refused for, and how often: without it a track that is empty does not say why. No place, for none
-- was believed. Kept as long as the track.
create table refused_fixes (
  trip blob not null references trips (id),
  staff blob not null references staff (account),
  verdict text not null,
  fixes integer not null,
  first_at integer not null,
  last_at integer not null,
  primary key (trip, staff, verdict)
) strict, without rowid;
create index refused_fixes_by_time on refused_fixes (last_at);
