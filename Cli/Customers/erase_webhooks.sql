-- Replaces the customer in webhooks about the orders $1, and what receivers have answered to them: an answer may repeat what was sent.
-- $2 the customer to put there, as JSON. What waits for an endpoint that takes no webhooks is cancelled.
with events as (
    update webhooks.events
    set payload = jsonb_set(payload::jsonb, '{data,customer}', $2::jsonb)::text
    where subject = any ($1) and payload::jsonb #> '{data,customer}' <> $2::jsonb
    returning id
),
deliveries as (
    update webhooks.deliveries d
    set last_error = substring(last_error from '^HTTP [0-9]+'),
        state = case when state = 'pending' then 'cancelled' else state end,
        finished_at = case when state = 'pending' then now() else finished_at end
    from events e
    where d.event = e.id
    returning d.endpoint_id
),
health as (
    update webhooks.endpoint_health
    set last_error = substring(last_error from '^HTTP [0-9]+')
    where endpoint_id in (select endpoint_id from deliveries)
)
select (select count(*) from events) as events, (select count(*) from deliveries) as deliveries
