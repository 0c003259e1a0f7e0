-- The end of the chain: its newest batch, and the newest that has a live entry. No row where nothing was ever fixed.
select tip.ms, tip.total, tip.highest, tip.gaps_from, live.ms, live.live_count
from (select * from bus.relay_batch order by ms desc limit 1) as tip
left join lateral (select ms, live_count from bus.relay_batch where live_count > 0 order by ms desc limit 1) as live on true
