-- Endpoints have an owner, secrets are encrypted, and a URL may have to be verified.
alter table webhooks.endpoints
    -- The account of the caller who created it. No other account sees it or its deliveries.
    add column owner text not null default '',
    -- By ASP.NET Data Protection, for this endpoint only. Null: deleted, or not encrypted yet.
    add column encrypted_secret bytea,
    add column encrypted_previous_secret bytea,
    -- No event is sent until the receiver has confirmed that it wants them.
    add column awaits_verification boolean not null default false,
    add column verified_at timestamptz,
    -- Why the last verification failed.
    add column verification_error text,
    alter column secret drop not null;

-- The worker encrypts these when it starts. By their new names a worker of an earlier version cannot read or write them: its claims fail, and the
-- deliveries wait for a worker of this version.
alter table webhooks.endpoints rename column secret to plain_secret;
alter table webhooks.endpoints rename column previous_secret to plain_previous_secret;
update webhooks.endpoints set plain_secret = null, plain_previous_secret = null where deleted_at is not null;

create index endpoints_owner on webhooks.endpoints (owner, id);
