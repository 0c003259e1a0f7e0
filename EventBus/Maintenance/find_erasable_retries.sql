-- What the groups of stream $1 could not handle, of the subjects $2, above number $3, at most $4: events, strays, and entries that are no event and have a
-- subject in a field. Locked: nothing else changes them meanwhile.
select r.number, r.data
from bus.retry r
join bus.consumer_group g on g.id = r.group_id
where g.stream = $1 and r.state <> 'waiting' and r.number > $3
    and (r.subject = any ($2) or exists (select from unnest($2) as subject where position(subject in r.fields::text) > 0))
order by r.number
limit $4
for update of r
