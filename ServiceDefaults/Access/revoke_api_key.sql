-- Revokes an API key. $1: its id. Returns when it was revoked, which may be earlier, or no row if there is no such key.
update access.api_keys set revoked_at = coalesce(revoked_at, now()) where id = $1 returning revoked_at
