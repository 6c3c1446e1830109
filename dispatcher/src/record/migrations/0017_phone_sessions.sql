-- Which phone of a person counts outlives the server: the latest epoch of each session of each sign-in. A number below zero is of none
-- that the phone gave. Gone with the sign-in.
create table phone_sessions (
  account blob not null references accounts (id),
  token integer not null references tokens (id) on delete cascade,
  number integer not null,
  epoch integer not null,
  primary key (account, token, number)
) strict, without rowid;
create index phone_sessions_by_token on phone_sessions (token);
