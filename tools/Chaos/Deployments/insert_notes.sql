-- Puts $3 events of type $2 into the outbox of stream $1.
insert into bus.outbox (stream, position, id, type, source, subject, time, data)
select stream.id, bus.next_position(stream.id), gen_random_uuid(), $2, 'chaos', 'note', now(), convert_to('{"number":1}', 'UTF8')
from bus.stream, generate_series(1, $3)
where stream.name = $1
