-- How many events wait in the retry queue.
select count(*) from bus.retry where state = 'waiting'
