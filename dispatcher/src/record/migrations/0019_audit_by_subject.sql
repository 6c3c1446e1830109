-- The course of one trip is read off the chain, by a supervisor and before a crossing is noted: not by walking all of it.
create index audit_by_subject on audit (subject) where subject is not null;
