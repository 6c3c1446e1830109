-- How sure the time to the meeting point is that somebody is asked with: seconds not exceeded nine times of ten, and what it rests on.
alter table holds add column eta_p90_s integer;
alter table holds add column eta_source text check (eta_source in ('road', 'calibrated', 'straight'));
