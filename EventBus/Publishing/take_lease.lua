-- Takes or renews the lease of the relay that leads. Its own lease changes only when it is renewed: a run that makes no progress loses it.
--
-- KEYS[1] the lease
-- ARGV[1] the run's id, ARGV[2] the value to write: that id and a counter
-- ARGV[3] the value of another run that has not changed for so long that it may be replaced; '' for none
-- ARGV[4] '1' to renew the lease where the run has it, after work that went well
--
-- Answers '' where the run has the lease, otherwise the value of the run that holds it.
local held = redis.call('GET', KEYS[1])
local is_own = held and string.sub(held, 1, #ARGV[1]) == ARGV[1]
if held and not is_own and held ~= ARGV[3] then
    return held
end

if not is_own or ARGV[4] == '1' then
    redis.call('SET', KEYS[1], ARGV[2])
end

return ''
