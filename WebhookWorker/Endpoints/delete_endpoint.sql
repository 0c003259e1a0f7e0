-- Deletes an endpoint: its secrets at once, its pending deliveries when the next sweep comes by. $1 id.
update webhooks.endpoints
set deleted_at = now(), enabled = false, secret = '', previous_secret = null, previous_secret_until = null, updated_at = now()
where id = $1 and deleted_at is null;
