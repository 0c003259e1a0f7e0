-- Gives an endpoint a new secret; the one before signs as well for a while, the one before that no more. $1 id, $2 secret, $3 for how long.
update webhooks.endpoints
set previous_secret = secret, previous_secret_until = now() + $3, secret = $2, updated_at = now()
where id = $1 and deleted_at is null
returning previous_secret_until;
