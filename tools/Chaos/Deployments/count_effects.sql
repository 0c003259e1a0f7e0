-- Of the events of the types $1 above position $2: how many there are, how many had an effect, how many effects there are.
select
    (select count(*) from bus.outbox where type = any($1) and position > $2),
    (select count(*) from bus.outbox where type = any($1) and position > $2 and id in (select event_id from chaos.effect)),
    (select count(*) from chaos.effect)
