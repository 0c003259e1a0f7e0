-- The highest number that a dead letter has by now.
select coalesce(max(number), 0) from bus.dead_letters
