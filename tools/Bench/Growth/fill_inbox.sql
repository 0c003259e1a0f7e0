-- Gives group $1 $2 inbox rows of one position each, far above all positions of its stream.
insert into bus.inbox (group_id, positions)
select $1, int8range(1000000000000 + number * 2, 1000000000000 + number * 2, '[]') from generate_series(1, $2) as number
