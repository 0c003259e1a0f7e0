-- Gives an endpoint a new secret; the one before signs as well for a while, the one before that no more. $1 owner, or null for
-- any, $2 id, $3 encrypted secret, $4 for how long.
update webhooks.endpoints
set encrypted_previous_secret = encrypted_secret, previous_secret_until = now() + $4, encrypted_secret = $3, updated_at = now()
where ($1::text is null or owner = $1) and id = $2 and deleted_at is null
returning previous_secret_until;
