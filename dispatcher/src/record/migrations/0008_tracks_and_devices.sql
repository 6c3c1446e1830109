-- Apps that only send fixes sign in by a secret of their own, a row among the tokens: its label here. Such a row is good for nothing
-- else, and an ordinary one has none.
alter table tokens add column device text;

-- Where the crew of a trip was while it was theirs; kept for some days and then deleted, looked at only with a reason. `verdict` says
-- what the fix was taken for; epoch and sequence are the order.
create table tracks (
  trip blob not null references trips (id),
  staff blob not null references staff (account),
  epoch integer not null,
  seq integer not null,
  taken_at integer not null,
  lat integer not null,
  lon integer not null,
  accuracy_m integer not null,
  verdict text not null,
  primary key (trip, staff, epoch, seq)
) strict, without rowid;
create index tracks_by_time on tracks (taken_at);
-- Of which trip somebody was at a time.
create index assignment_members_by_staff on assignment_members (staff, assignment);
