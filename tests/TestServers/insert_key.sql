-- Adds a key with every scope. $1: its id. $2: its hash.
insert into access.api_keys (id, name, owner, hash, scopes) values ($1, 'tests', 'tests', $2, '{*}')
on conflict (id) do nothing
