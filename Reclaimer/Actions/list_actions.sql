-- What callers changed, newest first. $1 only before this id, $2 at most so many.
select id, at, by_name, service, action, target, status
from access.actions
where id < $1
order by id desc
limit $2
