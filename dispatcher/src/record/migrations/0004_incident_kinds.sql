-- An alarm that a phone raised, or something else that a named human must take.
alter table incidents add column kind text not null default 'sos'
  check (kind in ('sos', 'no_show', 'staff_suspended', 'rider_suspended', 'member_barred'));
