-- Under which key somebody said something of streets, so that a repeat is told from a second one: factors multiply. Kept for a day, and
-- longer than the condition where that is taken back: a repeat does not bring it back.
create table condition_keys (
  account blob not null references accounts (id),
  key text not null,
  body_sha256 blob not null,
  condition blob not null,
  said_at integer not null,
  primary key (account, key)
) strict, without rowid;
