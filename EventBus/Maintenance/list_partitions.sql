-- The partitions of the outbox of stream $1, lowest first; tables that were a partition and are detached come first.
-- Bounds come from the catalog: FOR VALUES FROM ('0') TO ('1000000'). No backslash: the setting standard_conforming_strings may be off.
select
    child.relname as name,
    substring(bound.text from 'TO [(]''?([0-9]+)')::int8 as past_last,
    coalesce(inherits.inhdetachpending, false) as is_detach_pending
from pg_class as child
left join pg_inherits as inherits on inherits.inhrelid = child.oid
cross join lateral (select pg_get_expr(child.relpartbound, child.oid) as text) as bound
where child.relnamespace = 'bus'::regnamespace
    and child.relkind = 'r'
    and child.relname ~ ('^outbox_' || $1::int || '_[0-9]+$')
order by past_last nulls first, name
