-- Removes dead and discarded rows of group $1 that have been that for $2, oldest first, at most $3; answers with how many.
-- Their positions stay taken. They count no longer as events that the group has done.
with removed as (
    delete from bus.retry
    where number = any(array(
        select number
        from bus.retry
        where group_id = $1 and state <> 'waiting' and due_at < statement_timestamp() - $2
        order by due_at
        limit $3
        for update skip locked))
    returning position
), counted as (
    update bus.consumer_group
    set done_through_events = done_through_events - (select count(*) from removed where position is not null)
    where id = $1 and exists (select from removed where position is not null)
)
select count(*)::int from removed
