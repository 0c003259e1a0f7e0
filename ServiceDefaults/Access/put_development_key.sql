-- Adds the key of a system in development, or changes it where the secret is a new one. $1: id. $2: owner. $3: hash.
insert into access.api_keys (id, name, owner, hash, scopes) values ($1, 'development', $2, $3, '{*}')
on conflict (id) do update set hash = excluded.hash, revoked_at = null
