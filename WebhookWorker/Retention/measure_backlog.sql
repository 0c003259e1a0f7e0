-- Counts what is pending at endpoints that take webhooks, and how long the most overdue of it has been due.
select coalesce(sum(d.pending), 0)::bigint, coalesce(greatest(now() - min(d.oldest), interval '0'), interval '0')
from webhooks.endpoints e
cross join lateral (
    select count(*) as pending, min(due_at) as oldest
    from webhooks.deliveries
    where endpoint_id = e.id and state = 'pending'
) d
where e.enabled and e.deleted_at is null and not e.awaits_verification;
