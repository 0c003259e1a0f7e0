-- Of the orders $1, those that the database does not have.
select id from unnest($1::uuid[]) as accepted (id) where not exists (select from orders.orders where orders.id = accepted.id)
