-- The last live id that the outbox has given at or below id $2 of stream $1, the event it was given to where the outbox still has that, and whether its entry may have been trimmed.
-- No row where no outbox feeds the stream; nulls where it has given no such id.
select proof.ms << 20 | proof.sequence, proof.event::text, coalesce(proof.ms << 20 | proof.sequence <= outbox_stream.trim_floor, false)
from bus.outbox_stream
left join lateral (
    select batch.ms, batch.sequence, (
        select id from bus.outbox
        where position = (
            select position from unnest(batch.positions) as range cross join lateral generate_series(lower(range), upper(range) - 1) as position
            order by position offset batch.sequence limit 1)) as event
    from (
        select ms, positions, case when ms = $2 >> 20 then least($2 & 1048575, live_count - 1) else live_count - 1 end as sequence
        from bus.relay_batch where ms <= $2 >> 20 and live_count > 0 order by ms desc limit 1) as batch
) as proof on true
where outbox_stream.stream = $1
