-- Registers a consumer group. Start and checkpoint count only the first time, and with them $8, up to which id the group is due nothing; the settings that the reclaimer needs are brought up to date every time.
with registered as (
    insert into bus.consumer_group (stream, name, start, checkpoint, max_deliveries, reclaim_after, lane_timeout)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (stream, name) do update
    set max_deliveries = excluded.max_deliveries, reclaim_after = excluded.reclaim_after, lane_timeout = excluded.lane_timeout
    returning stream, name
)
insert into bus.ledger (stream, "group", verified, not_due)
select stream, name, $8, $8 from registered
on conflict do nothing
