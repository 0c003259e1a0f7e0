-- Puts encrypted secrets in the place of plain ones. Arrays of one length: $1 endpoints, $2 secrets, $3 previous secrets.
update webhooks.endpoints e
set encrypted_secret = s.secret, encrypted_previous_secret = s.previous_secret, plain_secret = null, plain_previous_secret = null
from unnest($1, $2, $3) as s(id, secret, previous_secret)
where e.id = s.id;
