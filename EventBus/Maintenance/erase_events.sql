-- Replaces the data of events of stream $1, the only change that their trigger lets pass. Arrays of one length: $2 positions, $3 data.
with allowed as materialized (
    select set_config('bus.erase', 'data', true)
)
update bus.outbox o
set data = n.data
from unnest($2, $3) as n(position, data), allowed
where o.stream = $1 and o.position = n.position and o.data <> n.data
