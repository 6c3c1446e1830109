-- Under which key somebody added an avoid zone, so that a repeat is told from a second one. Kept for a day, and longer than the zone where
-- that is taken back: a repeat does not bring it back. No hash of what was said: a place can be guessed from one.
create table zone_keys (
  account blob not null references accounts (id),
  key text not null,
  zone blob not null,
  said_at integer not null,
  primary key (account, key)
) strict, without rowid;
