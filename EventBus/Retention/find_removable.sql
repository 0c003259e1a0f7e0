-- From which batch on the rows of the outbox of stream $1 are kept, in milliseconds: what some registered group is not verified past, what is younger than $2 milliseconds, what the relay needs to go on (its two
-- newest batches, and from the oldest with an open gap on). Null where no outbox feeds the stream or no group is registered.
select least(
    min(coalesce(ledger.verified, 0)) >> 20,
    $2,
    (select gaps_from from bus.relay_batch order by ms desc limit 1),
    (select ms from bus.relay_batch order by ms desc offset 1 limit 1))
from bus.outbox_stream
join bus.consumer_group on consumer_group.stream = outbox_stream.stream
left join bus.ledger on ledger.stream = consumer_group.stream and ledger."group" = consumer_group.name
where outbox_stream.stream = $1
having count(*) > 0 and exists (select from bus.relay_batch)
