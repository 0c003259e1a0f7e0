-- Writes a first state, if the state is still the one that was found. The stream is made anew with it where it or its state is lost.
--
-- KEYS[1]  the stream, KEYS[2] the relay's state, KEYS[3] its gaps
-- ARGV[1]  the seq that was found; '' for none
-- ARGV[2]  1 makes the stream anew: what was on it goes, with its groups
-- ARGV[3]  outbox, ARGV[4] generation, ARGV[5] seq, ARGV[6] position, ARGV[7] the id of the event there; '' where it is not known
-- ARGV[8+] the gaps: first, last, first, last, ..
--
-- Answers 1, or 0 where another state was found and nothing was written. UNLINK comes first: at maxmemory it is served, and what follows a
-- script's first write is too. Redis frees what was unlinked in the background.
if (redis.call('HGET', KEYS[2], 'seq') or '') ~= ARGV[1] then
    return 0
end

local added = 0
if ARGV[2] == '1' then
    redis.call('UNLINK', KEYS[1])
elseif redis.call('EXISTS', KEYS[1]) == 1 then
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    for i = 1, #info, 2 do
        if info[i] == 'entries-added' then
            added = info[i + 1]
        end
    end
end

redis.call('UNLINK', KEYS[2], KEYS[3])
redis.call('HSET', KEYS[2], 'outbox', ARGV[3], 'generation', ARGV[4], 'seq', ARGV[5], 'position', ARGV[6], 'id', ARGV[7],
    'added', string.format('%d', added))
for i = 8, #ARGV, 2 do
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end

return 1
