"""The channel API: doors to the hotline that others keep (Weibo, apps, portals), described in `docs/channel-api.md`.

`account` fits them into what carries WeChat (`gateway/wechat`): the same inbox, dialogue, media and feeder. What leaves
is signed and delivered like the events of orders (`workorders/outbox`), or fetched by the channel.
"""
