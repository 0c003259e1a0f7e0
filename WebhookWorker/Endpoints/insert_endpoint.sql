-- Creates an endpoint, unless there are as many as there may be, at all or of this owner. Runs under the lock that makes two creations at once count each other.
-- Returns whether there was room, at all and for this owner.
-- $1 id, $2 owner, $3 url, $4 description, $5 event types, $6 enabled, $7 encrypted secret, $8 whether it awaits verification, $9 at most so many, $10 of one owner.
with room as (
    select count(*) < $9 as at_all, count(*) filter (where owner = $2) < $10 as of_owner
    from webhooks.endpoints
    where deleted_at is null
),
created as (
    insert into webhooks.endpoints (id, owner, url, description, event_types, enabled, encrypted_secret, awaits_verification)
    select $1, $2, $3, $4, $5, $6, $7, $8
    from room
    where at_all and of_owner
)
select at_all, of_owner from room;
