-- Which of the event ids $1 are events of the outbox: id, subject.
select id, subject from bus.outbox where id = any($1)
