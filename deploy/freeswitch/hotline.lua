-- What mod_audio_stream leaves open between FreeSWITCH and the hotline: keys up, hang-up and barge-in down.
-- mod_lua runs this for every hooked event (lua.conf.xml) and hands it over as `event`.

local api = freeswitch.API()
local uuid = event:getHeader("Unique-ID")

-- Only calls of the hotline: the dialplan has marked them.
if uuid == nil or event:getHeader("variable_hotline") ~= "true" then
  return
end

local name = event:getHeader("Event-Name")

if name == "DTMF" then
  local digit = event:getHeader("DTMF-Digit")
  if digit ~= nil and digit:match("^[0-9*#]$") then
    api:executeString("uuid_audio_stream " .. uuid .. ' send_text {"event":"dtmf","digit":"' .. digit .. '"}')
  end
  return
end

local subclass = event:getHeader("Event-Subclass")

if subclass == "mod_audio_stream::json" then
  local kind = (event:getBody() or ""):match('"type"%s*:%s*"(%a+)"')
  if kind == "hangup" then
    api:executeString("uuid_kill " .. uuid .. " NORMAL_CLEARING")
  elseif kind == "killAudio" then
    api:executeString("uuid_break " .. uuid .. " all")
  end
else
  -- The stream is gone or never began: nobody is there to talk to.
  api:executeString("uuid_kill " .. uuid .. " NORMAL_TEMPORARY_FAILURE")
end
