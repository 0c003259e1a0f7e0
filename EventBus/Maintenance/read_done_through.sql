-- How far group $1 is done. No row where it is not registered.
select done_through from bus.consumer_group where id = $1
