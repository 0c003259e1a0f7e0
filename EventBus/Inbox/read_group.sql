-- How far group $1 is done, and the types to which it has subscribed. No row where it is not registered.
-- A type counts for an hour behind the group's last sign of life, so that a pause of all its workers makes it forget nothing.
select
    done_through,
    array(
        select type from bus.subscription where group_id = $1 and seen_at > (
            select max(seen_at) from bus.subscription where group_id = $1) - interval '1 hour') as types
from bus.consumer_group
where id = $1
