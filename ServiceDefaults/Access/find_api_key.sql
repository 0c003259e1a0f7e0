-- Finds an API key, and notes at most once a minute that it was used. $1: its id. $2: the hash of the caller's key.
with used as (
    update access.api_keys set last_used_at = now()
    where id = $1 and hash = $2 and revoked_at is null and (last_used_at is null or last_used_at < now() - interval '1 minute')
)
select name, owner, hash, scopes, expires_at, revoked_at from access.api_keys where id = $1
