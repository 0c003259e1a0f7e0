-- How the last deliveries to endpoints went. $1 endpoints, $2 how many deliveries of each, $3 how many pending ones of each are counted at most.
select e.id, p.pending, l.delivered, l.failed, l.seconds
from unnest($1) as e(id)
cross join lateral (
    select count(*) filter (where state = 'delivered') as delivered,
           count(*) filter (where state = 'failed') as failed,
           percentile_cont(array[0.5, 0.95]) within group (order by last_seconds) as seconds
    from (select state, last_seconds from webhooks.deliveries where endpoint_id = e.id order by id desc limit $2) d
) l
cross join lateral (
    select count(*) as pending from (select from webhooks.deliveries where endpoint_id = e.id and state = 'pending' limit $3) d
) p
