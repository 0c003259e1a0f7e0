-- Positions of the events with id $1 and subject $2 (null = any) among the $4 events from position $3 on; at most 10.
select position
from (select position, id, subject from bus.outbox_0 where position >= $3 order by position limit $4) as e
where ($1::uuid is null or id = $1) and ($2::text is null or subject = $2)
limit 10
