-- Adds an API key. $1: id. $2: name. $3: owner. $4: hash. $5: scopes. $6: when it expires, or null.
insert into access.api_keys (id, name, owner, hash, scopes, expires_at) values ($1, $2, $3, $4, $5, $6)
