-- What a challenge to an endpoint needs. $1 owner, $2 id.
select url, encrypted_secret, case when previous_secret_until > now() then encrypted_previous_secret end as previous_secret
from webhooks.endpoints
where owner = $1 and id = $2 and deleted_at is null;
