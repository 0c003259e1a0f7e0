#!lua flags=no-writes
-- The entries of a stream from one id to another, without what they carry.
-- KEYS: stream. ARGV: first id, last id, most entries. Returns: of each entry its id and what its first field says where that is named 'id' ('' otherwise).
local result = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3])) do
    result[#result + 1] = entry[1]
    result[#result + 1] = entry[2][1] == 'id' and entry[2][2] or ''
end
return result
