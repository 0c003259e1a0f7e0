-- Events that the chain of batches gives more than one live entry id: event, subject, one of the ids, how many; at most $1.
with numbered as (
    select batch.ms, batch.live_count, place.position, row_number() over (partition by batch.ms order by place.position) - 1 as number
    from bus.relay_batch batch, unnest(batch.positions) as range, generate_series(lower(range), upper(range) - 1) as place (position)
), twice as (
    select position, max((ms << 20) + number) as entry, count(*) as times from numbered where number < live_count group by position having count(*) > 1 order by position limit $1
)
select event.id, event.subject, twice.entry, twice.times from twice left join bus.outbox event using (position)
