-- Gives a group ($2) of a stream ($1) $4 inbox rows of one entry each, in as many milliseconds before the entry $3.
insert into bus.inbox (stream, "group", entries)
select $1, $2, int8range($3 - number * 1048576, $3 - number * 1048576 + 1)
from generate_series($4, 1, -1) as number
