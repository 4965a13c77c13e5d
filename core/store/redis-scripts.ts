/**
 * A namespace is three keys in one slot of a cluster: a hash of raw values, a sorted set of keys for scans in byte
 * order, and a sorted set of the times at which entries end. A raw value is `<end>|<JSON>`, the end in Unix
 * milliseconds or empty. Every script gets those keys and, first, the present time and the moment at which its caller
 * gives up: what lay in the buffers of a server that hung must not happen after what was done since.
 */
const alive = `
if ARGV[2] ~= '' then
  local time = redis.call('TIME')
  if time[1] * 1000 + time[2] / 1000 > tonumber(ARGV[2]) then
    return redis.error_reply('TOOLATE the caller has given up')
  end
end
local function alive(raw)
  if not raw then return false end
  local ends = string.match(raw, '^(%d*)|')
  if ends ~= '' and tonumber(ends) <= tonumber(ARGV[1]) then return false end
  return raw
end
local function write(key, raw)
  redis.call('HSET', KEYS[1], key, raw)
  redis.call('ZADD', KEYS[2], 0, key)
  local ends = string.match(raw, '^(%d*)|')
  if ends == '' then redis.call('ZREM', KEYS[3], key) else redis.call('ZADD', KEYS[3], ends, key) end
end
local function remove(key)
  redis.call('HDEL', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
  redis.call('ZREM', KEYS[3], key)
end
`;

/** now, deadline, key, raw */
export const setScript = `${alive}
write(ARGV[3], ARGV[4])
return 1`;

/** now, deadline, key, raw: 1 when it was absent. */
export const setIfAbsentScript = `${alive}
if alive(redis.call('HGET', KEYS[1], ARGV[3])) then return 0 end
write(ARGV[3], ARGV[4])
return 1`;

/** now, deadline, key: what was there. */
export const takeScript = `${alive}
local raw = alive(redis.call('HGET', KEYS[1], ARGV[3]))
if raw then remove(ARGV[3]) end
return raw`;

/** now, deadline, key, raw before or empty, raw after or empty: 1 when it was as before. */
export const compareAndSetScript = `${alive}
local raw = alive(redis.call('HGET', KEYS[1], ARGV[3])) or ''
if raw ~= ARGV[4] then return 0 end
if ARGV[5] ~= '' then write(ARGV[3], ARGV[5]) elseif raw ~= '' then remove(ARGV[3]) end
return 1`;

/**
 * now, deadline, least key, greatest key, limit, most rows to look at, most bytes: the last key looked at (or nothing when the
 * range is through), then keys and raw values in turn.
 */
export const scanScript = `${alive}
local limit, rows, room = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local keys = redis.call('ZRANGEBYLEX', KEYS[2], ARGV[3], ARGV[4], 'LIMIT', 0, rows)
local found = { false }
if #keys == 0 then return found end
local last = false
for first = 1, #keys, 500 do
  local part = {}
  for i = first, math.min(first + 499, #keys) do part[#part + 1] = keys[i] end
  local raws = redis.call('HMGET', KEYS[1], unpack(part))
  for i = 1, #part do
    local raw = alive(raws[i])
    if raw then
      found[#found + 1] = part[i]
      found[#found + 1] = raw
      room = room - #raw
    end
    last = part[i]
    if #found > 2 * limit or room <= 0 then
      found[1] = last
      return found
    end
  end
end
if #keys == rows then found[1] = last end
return found`;

/** now, deadline, limit: how many entries that were over are gone now. */
export const purgeScript = `${alive}
local keys = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[1], 'LIMIT', 0, tonumber(ARGV[3]))
for i = 1, #keys do remove(keys[i]) end
return #keys`;
