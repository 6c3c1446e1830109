#!lua name=donghaeng_live_1
-- What Redis itself does where order matters. Records are those of packed.rs: 29 bytes, (session epoch, sequence) in bytes 2 to 9,
-- both big endian; the low half of byte 1 is 15 where the member is gone. Globals cannot be had while this is loaded, only in calls.

-- Whether the record in the message outranks another of the same order: by kind (gone is the greatest), error radius, unit number and
-- place, as `Standing::rank` has it. By numbers: strings are compared by the language of the machine.
local function outranks(message, at, old)
  local kind, old_kind = string.byte(message, at) % 16, string.byte(old, 1) % 16
  if kind ~= old_kind then return kind > old_kind end
  local new = {struct.unpack('>I2I4I4I4', message, at + 9)}
  local known = {struct.unpack('>I2I4I4I4', old, 10)}
  for i = 1, 4 do
    if new[i] ~= known[i] then return new[i] > known[i] end
  end
  return false
end

-- dh1_write: KEYS hashes of tags; ARGV for each, one message of the feed (message.rs): 17 bytes of head, then entries of 45 bytes: 16
-- of staff id, 29 of record. Keeps each record unless one that outranks it is kept, then publishes the message on the channel of the
-- key's name. Answers for each key its life word, nil without one, or '!' where the key is of another type: the message is published
-- all the same, with 2 in place of its first byte: heard, and not kept.
redis.register_function('dh1_write', function(keys, args)
  local HEAD, ENTRY, RECORD = 17, 45, 29
  local sub, number, call = string.sub, struct.unpack, redis.call
  local lives = {}
  for k = 1, #keys do
    local key, message = keys[k], args[k]
    local fields, n = {'life'}, 1
    for at = HEAD + 1, #message, ENTRY do
      n = n + 1
      fields[n] = sub(message, at, at + 15)
    end
    local known = redis.pcall('HMGET', key, unpack(fields))
    if known.err then
      lives[k] = '!'
      message = '\2' .. sub(message, 2)
    else
      local kept, count, at = {}, 0, HEAD + 17
      for i = 2, n do
        local old, is_later = known[i], true
        if old and #old == RECORD then
          local epoch, seq = number('>I4I4', message, at + 1)
          local old_epoch, old_seq = number('>I4I4', old, 2)
          is_later = epoch > old_epoch or epoch == old_epoch
            and (seq > old_seq or seq == old_seq and outranks(message, at, old))
        end
        if is_later then
          kept[count + 1] = fields[i]
          kept[count + 2] = sub(message, at, at + RECORD - 1)
          count = count + 2
        end
        at = at + ENTRY
      end
      if count > 0 then call('HSET', key, unpack(kept)) end
      lives[k] = known[1]
    end
    call('SPUBLISH', key, message)
  end
  return lives
end)

-- dh1_drop: KEYS one hash; ARGV pairs of staff id and of what outdates a record: an order of 8 bytes, and 15 where that says that the
-- member is gone. Who has a record of a lower order, or of this one and is gone, is marked as gone at the record's own order, and the
-- place is wiped: the member has a later record under another tag. A fix of the same order that does not count is deleted: marked as
-- gone it would outrank the one that does.
redis.register_function('dh1_drop', function(keys, args)
  local dropped = 0
  for i = 1, #args, 2 do
    local old = redis.call('HGET', keys[1], args[i])
    if old and #old == 29 and string.byte(old, 1) % 16 ~= 15 then
      local epoch, seq = struct.unpack('>I4I4', args[i + 1])
      local old_epoch, old_seq = struct.unpack('>I4I4', old, 2)
      local is_same = old_epoch == epoch and old_seq == seq
      local kind = string.byte(args[i + 1], 9)
      if old_epoch < epoch or old_epoch == epoch and old_seq < seq or is_same and kind == 15 then
        local head = string.char(string.byte(old, 1) - string.byte(old, 1) % 16 + 15)
        redis.call('HSET', keys[1], args[i], head .. string.sub(old, 2, 9) .. string.rep('\0', 14) .. string.sub(old, 24, 29))
        dropped = dropped + 1
      elseif is_same and kind then
        dropped = dropped + redis.call('HDEL', keys[1], args[i])
      end
    end
  end
  return dropped
end)

-- dh1_sweep: KEYS one hash; ARGV pairs of field and value. Deletes the fields that still hold exactly that.
redis.register_function('dh1_sweep', function(keys, args)
  local swept = 0
  for i = 1, #args, 2 do
    if redis.call('HGET', keys[1], args[i]) == args[i + 1] then
      swept = swept + redis.call('HDEL', keys[1], args[i])
    end
  end
  return swept
end)
