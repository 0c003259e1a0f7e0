-- The secrets that an earlier version left unencrypted. Another worker that starts now waits, and finds none.
select id, plain_secret, plain_previous_secret from webhooks.endpoints where plain_secret is not null order by id for update;
