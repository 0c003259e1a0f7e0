-- What a POST to an endpoint needs. $1 owner, or null for any, $2 id.
select url, encrypted_secret, awaits_verification, case when previous_secret_until > now() then encrypted_previous_secret end as previous_secret
from webhooks.endpoints
where ($1::text is null or owner = $1) and id = $2 and deleted_at is null;
