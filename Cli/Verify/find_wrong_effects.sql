-- Compares what each group has done of stream $1, event by event, with the effects in its worker's tables. An event that is done has one
-- effect. An event that is not done, or is in the retry queue (waiting or dead), has none. Returns group, position, event, order, the
-- number of effects, and whether the event is done; at most $2 rows.
with published as materialized (
    select position, id, subject
    from bus.outbox
    where stream = (select id from bus.stream where name = $1) and type = 'order.placed'
), effects as materialized (
    select 'webhook-delivery' as "group", subject, count(*) as times from webhooks.effects group by subject
    union all
    select 'analytics-pipeline', subject, count(*) from analytics.effects group by subject
    union all
    select 'notification-sender', subject, count(*) from notifications.effects group by subject
), taken as materialized (
    select group_id, range_agg(positions) as positions
    from bus.inbox
    group by group_id
), registered as materialized (
    select g.id, g.name, g.done_through, taken.positions as taken
    from bus.consumer_group g
    join bus.stream s on s.id = g.stream
    left join taken on taken.group_id = g.id
    where s.name = $1 and g.name in ('webhook-delivery', 'analytics-pipeline', 'notification-sender')
), compared as (
    select
        registered.name as "group", published.position, published.id, published.subject, coalesce(effects.times, 0) as times,
        (published.position <= registered.done_through or coalesce(registered.taken @> published.position, false))
            and retry.number is null as is_done
    from registered
    cross join published
    left join bus.retry on retry.group_id = registered.id and retry.position = published.position
    left join effects on effects."group" = registered.name and effects.subject = published.subject
)
select "group", position, id, subject, times, is_done
from compared
where is_done and times <> 1 or not is_done and times > 0
order by "group", position
limit $2
