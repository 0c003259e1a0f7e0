-- Compares what each group has done of stream $1, event by event, with the effects in its worker's tables. An event that is done has one
-- effect. An event that is not done, or is a dead letter, has none. Returns group, entry id, event, order, the number of effects, and
-- whether the event is done; at most $2 rows.
with numbered as (
    select batch.ms, batch.live_count, place.position, row_number() over (partition by batch.ms order by place.position) - 1 as number
    from bus.relay_batch batch, unnest(batch.positions) as range, generate_series(lower(range), upper(range) - 1) as place (position)
), published as materialized (
    select (numbered.ms << 20) + numbered.number as entry, event.id, event.subject
    from numbered join bus.outbox event using (position)
    where numbered.number < numbered.live_count and event.type = 'order.placed'
), effects as materialized (
    select 'webhook-delivery' as "group", subject, count(*) as times from webhooks.effects group by subject
    union all
    select 'analytics-pipeline', subject, count(*) from analytics.effects group by subject
    union all
    select 'notification-sender', subject, count(*) from notifications.effects group by subject
), covered as materialized (
    select "group", range_agg(entries) as ids from bus.inbox where stream = $1 group by "group"
), letters as (
    select "group", entry from bus.dead_letters where stream = $1 and state in ('dead', 'discarded')
), compared as (
    select
        registered.name as "group", published.entry, published.id, published.subject, coalesce(effects.times, 0) as times,
        coalesce(covered.ids @> published.entry, false) and letters.entry is null as is_done
    from bus.consumer_group registered
    cross join published
    left join covered on covered."group" = registered.name
    left join letters on letters."group" = registered.name and letters.entry = published.entry
    left join effects on effects."group" = registered.name and effects.subject = published.subject
    where registered.stream = $1 and registered.name in ('webhook-delivery', 'analytics-pipeline', 'notification-sender')
)
select "group", entry, id, subject, times, is_done
from compared
where is_done and times <> 1 or not is_done and times > 0
order by "group", entry
limit $2
