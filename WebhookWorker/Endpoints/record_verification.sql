-- Writes down how a challenge ended, unless the URL has changed meanwhile. $1 id, $2 the URL, $3 why it failed, or null.
update webhooks.endpoints
set awaits_verification = awaits_verification and $3 is not null,
    verified_at = case when $3 is null then now() else verified_at end,
    verification_error = $3
where id = $1 and url = $2 and deleted_at is null;
