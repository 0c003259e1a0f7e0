-- Takes away the ranges that lie within [$3, $4). Comes back with how many there were and how many ids they covered.
with removed as (
    delete from bus.inbox as part
    using unnest($3::int8[], $4::int8[]) as whole (lower, upper)
    where part.stream = $1 and part."group" = $2 and part.entries <@ int8range(whole.lower, whole.upper)
    returning part.entries
)
select count(*), coalesce(sum(upper(entries) - lower(entries)), 0)::int8 from removed
