-- Adds $2 events with which group $1 is done, of which $3 had their effect after which delay, to the history.
-- In the order of the steps, as the reclaimer writes it: two of these at once do not deadlock.
insert into bus.group_history as kept (group_id, step, slot, finished, delays)
select g.id, step, date_bin(step, now(), timestamptz 'epoch'), $2, $3
from bus.consumer_group g, bus.history_steps() as step
where g.id = $1
order by step
on conflict (group_id, step, slot) do update
set finished = kept.finished + excluded.finished, delays = bus.add_counts(kept.delays, excluded.delays)
