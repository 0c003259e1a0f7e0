-- Letters of group $2 on stream $1 that cover ids above $3 and up to $4 in place of the events that the chain has given these ids to: at most $5, first those that have left the pending entries.
-- Comes back with the event (position, id, type, source, subject, time, data, traceparent, tracestate), the entry's id, the letter's number, and whether the letter has left the pending entries.
with letter as materialized (
    select number, entry, entry >> 20 as ms, (entry & 1048575) as place, event_id, fields, projected_at is not null as is_projected
    from bus.dead_letters
    where stream = $1 and "group" = $2 and entry > $3 and entry <= $4 and state in ('dead', 'discarded')
), numbered as (
    select batch.ms, place.position, row_number() over (partition by batch.ms order by place.position) - 1 as place
    from bus.relay_batch batch, unnest(batch.positions) as range, generate_series(lower(range), upper(range) - 1) as place (position)
    where batch.ms in (select ms from letter)
)
select event.position, event.id, event.type, event.source, event.subject, event.time, event.data, event.traceparent, event.tracestate, letter.entry, letter.number, letter.is_projected
from letter
join bus.relay_batch batch on batch.ms = letter.ms and letter.place < batch.live_count
join numbered on numbered.ms = letter.ms and numbered.place = letter.place
join bus.outbox event on event.position = numbered.position
where letter.event_id is distinct from event.id
    -- An event of ours that no lane can read is a dead letter as it stands.
    and not letter.fields @> jsonb_build_array(jsonb_build_object('name', 'id', 'value', event.id::text))
order by not letter.is_projected, letter.entry
limit $5
