-- Takes the ids $3 out of the group's inbox ranges, so that they can have an effect again: whatever range covers one is split around it. In a transaction that begin_rewrite.sql began.
-- A lane that wants one of these ids meanwhile waits for the end of the transaction. Comes back with how many ranges were split.
with split as (
    delete from bus.inbox as covering
    using unnest($3::int8[]) as id
    where covering.stream = $1 and covering."group" = $2 and covering.entries @> id
    returning covering.entries
), kept as (
    insert into bus.inbox (stream, "group", entries)
    select $1, $2, part
    from (select distinct entries from split) as whole,
        unnest(int8multirange(whole.entries) - (select range_agg(int8range(id, id + 1)) from unnest($3::int8[]) as id)) as part
)
select count(distinct entries) from split
