-- The books of group $2 of stream $1: events done, dead letters nobody has decided about, discarded ones, redriven ones that are not done again; letters that the DLQ stream still lacks after $3 seconds, and
-- redriven ones that are not done after as long; the id up to which the group is due nothing, and for how many seconds its settings let an entry lie before it is handed over.
select
    progress.events,
    progress.dead_letters,
    (select count(*) from bus.dead_letters where stream = $1 and "group" = $2 and state = 'discarded'),
    (select count(*) from bus.dead_letters where stream = $1 and "group" = $2 and state = 'redriven' and settled_at is null),
    (select count(*) from bus.dead_letters where stream = $1 and "group" = $2 and projected_at is null and dead_lettered_at < now() - make_interval(secs => $3)),
    (select count(*) from bus.dead_letters where stream = $1 and "group" = $2 and state = 'redriven' and settled_at is null and state_changed_at < now() - make_interval(secs => $3)),
    coalesce(ledger.not_due, 0),
    extract(epoch from registered.reclaim_after + registered.lane_timeout)::float8
from bus.consumer_group registered
join bus.group_progress progress on progress.stream = registered.stream and progress."group" = registered.name
left join bus.ledger on ledger.stream = registered.stream and ledger."group" = registered.name
where registered.stream = $1 and registered.name = $2
