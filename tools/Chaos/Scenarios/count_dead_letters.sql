-- Counts how many of the subjects $2 have a dead letter of group $1.
select count(distinct r.subject)
from bus.retry r
join bus.consumer_group g on g.id = r.group_id
where g.name = $1 and r.state = 'dead' and r.subject = any($2)
