-- All groups of stream $1 have done its $2 events.
with stream as (update bus.stream set published = $2, published_at = now() where id = $1),
    position as (select setval(('bus.position_' || $1)::regclass, $2))
update bus.consumer_group set done_through = $2, done_through_events = $2 from position where stream = $1
