#!lua flags=no-writes
-- The positions that entries of a stream carry.
-- KEYS: stream. ARGV: ranges of ids, three values each: first id, last id, how many entries at most.
-- Returns: of each entry its id and its position, as text; '' where it has none.
local found = {}
for i = 1, #ARGV, 3 do
    for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i + 1], 'COUNT', ARGV[i + 2])) do
        local position = ''
        for k = 1, #entry[2], 2 do
            if entry[2][k] == 'position' then
                position = entry[2][k + 1]
                break
            end
        end
        found[#found + 1] = entry[1]
        found[#found + 1] = position
    end
end
return found
