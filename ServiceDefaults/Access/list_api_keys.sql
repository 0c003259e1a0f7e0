-- Lists all API keys, newest first.
select id, name, owner, scopes, created_at, expires_at, revoked_at, last_used_at from access.api_keys order by created_at desc, id
