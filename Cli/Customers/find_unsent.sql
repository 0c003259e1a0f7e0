-- Those of the orders $1 that have a mail, or a webhook to an endpoint that takes webhooks, which is still to be sent or is being sent.
select subject from notifications.emails where subject = any ($1) and state = 'pending'
union
select v.subject
from webhooks.events v
join webhooks.deliveries d on d.event = v.id
join webhooks.endpoints e on e.id = d.endpoint_id
where v.subject = any ($1) and d.state = 'pending'
    and (d.claim is not null and d.due_at > now() or e.enabled and e.deleted_at is null and not e.awaits_verification)
