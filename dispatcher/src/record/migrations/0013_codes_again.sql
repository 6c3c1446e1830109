-- Who lost the answer to a sign-in sends the code again: the hash of the key they sent with it, and the token they were to get.
alter table codes add column key_hash blob;
alter table codes add column token integer;
