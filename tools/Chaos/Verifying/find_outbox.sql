-- Every event of an order in the outbox: id, subject.
select id, subject from bus.outbox where type = 'order.placed'
