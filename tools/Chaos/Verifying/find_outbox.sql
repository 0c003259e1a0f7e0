-- Every event of the outbox: id, subject.
select id, subject from bus.outbox
