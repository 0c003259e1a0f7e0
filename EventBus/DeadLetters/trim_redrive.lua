#!lua flags=allow-oom
-- Removes from a group's redrive stream what the group has finished: everything below its lowest pending entry, or else below the last one delivered.
-- KEYS: redrive stream. ARGV: group. Returns how many entries were removed. Entries are acknowledged only after their commit.
if redis.call('EXISTS', KEYS[1]) == 0 then
    return 0
end
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local name, last
    for i = 1, #info, 2 do
        if info[i] == 'name' then
            name = info[i + 1]
        elseif info[i] == 'last-delivered-id' then
            last = info[i + 1]
        end
    end
    if name == ARGV[1] then
        local lowest = redis.call('XPENDING', KEYS[1], ARGV[1])[2]
        return redis.call('XTRIM', KEYS[1], 'MINID', lowest or last)
    end
end
return 0
