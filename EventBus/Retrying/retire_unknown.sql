-- Makes dead what waits in group $1 and is due, and whose type none of the group's workers has subscribed to for an hour: about $2 rows.
-- The hour ends with the last sign of life of any of its workers: in a pause of all of them no type is forgotten. A group whose workers never ran
-- has subscribed to nothing, and keeps all.
with known as materialized (
    select coalesce(array_agg(s.type), '{}') as types
    from bus.subscription s, (select max(seen_at) as seen_at from bus.subscription where group_id = $1) as last
    where s.group_id = $1 and s.seen_at > last.seen_at - interval '1 hour'
    having count(*) > 0
), never_claimed as materialized (
    select number
    from bus.retry
    where group_id = $1 and state = 'waiting' and claim is null and due_at <= statement_timestamp()
        and type <> all((select types from known)::text[])
    limit $2
    for update skip locked
), claimed as materialized (
    select number
    from bus.retry
    where group_id = $1 and state = 'waiting' and claim is not null and due_at <= statement_timestamp()
        and type <> all((select types from known)::text[])
    limit $2
    for update skip locked
)
update bus.retry
set
    state = 'dead',
    claim = null,
    error = left(format('No worker of the group has subscribed to event type ''%s'' for an hour.', type)
        || case when error <> '' then ' The error before: ' || error else '' end, 2000),
    due_at = clock_timestamp(),
    failed_at = clock_timestamp(),
    mirrored = false
where number = any(array(select number from never_claimed union all select number from claimed))
