-- Deletes an endpoint: its secrets at once, its pending deliveries when the next sweep comes by. $1 owner, $2 id.
update webhooks.endpoints
set deleted_at = now(), enabled = false, encrypted_secret = null, encrypted_previous_secret = null, previous_secret_until = null, updated_at = now()
where owner = $1 and id = $2 and deleted_at is null;
