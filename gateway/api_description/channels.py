"""The channel API (`docs/channel-api.md`): what channels send and fetch, each request signed."""

from __future__ import annotations

from typing import Final

from gateway.api_description.words import (
    ANY,
    NULLABLE,
    TEXT,
    WHOLE,
    YES_NO,
    Schema,
    list_of,
    operation,
    parameter,
    record,
    ref,
)

_ID: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 128}
_DEGREES: Final[Schema] = {"type": ["number", "null"]}

SCHEMAS: Final[dict[str, Schema]] = {
    "ChannelMessage": record(
        "message_id user_id",
        message_id={**_ID, "description": "渠道内唯一；重发同一编号只处理一次"},
        user_id={**_ID, "description": "渠道内市民的编号"},
        type={
            "type": "string",
            "enum": ["text", "voice", "image", "video", "file", "location", "link", "opened", "left"],
            "default": "text",
        },
        text={**TEXT, "description": "文字；语音的识别结果；位置的地址"},
        media_id={"type": "string", "maxLength": 64},
        longitude=_DEGREES,
        latitude=_DEGREES,
        datum={"type": "string", "enum": ["WGS-84", "GCJ-02"], "default": "WGS-84"},
    ),
    "ToldByChannel": record(
        "*",
        id=TEXT,
        type={"type": "string", "enum": ["text", "order_notice"]},
        user_id=TEXT,
        conversation_id=NULLABLE,
        author={"type": "string", "enum": ["machine", "seat"]},
        label=TEXT,
        text=TEXT,
        citations=list_of(ref("Citation")),
        order={"oneOf": [ANY, {"type": "null"}]},
        created_at=TEXT,
    ),
}

_SIGNED: Final = [
    parameter("header", "X-Hotline-Channel", "渠道名称", required=True),
    parameter("header", "X-Hotline-Timestamp", "秒，自 1970 年起", required=True),
    parameter("header", "X-Hotline-Nonce", "每个请求唯一", required=True),
]
_KNOWN: Final = "401 409 429"

PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/api/v1/channel": {
        "get": operation(
            "渠道自检：签名是否正确",
            record("*", name=TEXT, title=TEXT, delivery={"type": "string", "enum": ["webhook", "polling"]}),
            parameters=_SIGNED,
            security="unitSignature",
            errors=_KNOWN,
        )
    },
    "/api/v1/channel/messages": {
        "get": operation(
            "拉取要告诉市民的消息（没有推送地址的渠道）",
            record("*", messages=list_of(ref("ToldByChannel"))),
            parameters=[
                *_SIGNED,
                parameter("query", "limit", "最多几条，1 到 100", WHOLE),
                parameter("query", "wait_seconds", "没有消息时最多等几秒，0 到 25", WHOLE),
            ],
            security="unitSignature",
            errors=f"400 {_KNOWN}",
        ),
        "post": operation(
            "送来市民的一条消息",
            record("*", message_id=TEXT, repeated=YES_NO),
            body=ref("ChannelMessage"),
            parameters=_SIGNED,
            security="unitSignature",
            status="202",
            errors=f"400 {_KNOWN} 404 413 503",
        ),
    },
    "/api/v1/channel/messages/acknowledge": {
        "post": operation(
            "确认已收到拉取的消息",
            record("*", acknowledged=WHOLE),
            body=record("*", ids=list_of(TEXT)),
            parameters=_SIGNED,
            security="unitSignature",
            errors=f"400 {_KNOWN} 413",
        )
    },
    "/api/v1/channel/media": {
        "post": {
            **operation(
                "上传图片、语音、视频或文件，随后的消息用 media_id 引用",
                record("*", media_id=TEXT, size_bytes=WHOLE),
                parameters=[
                    *_SIGNED,
                    parameter("header", "X-Hotline-Content-SHA256", "文件的 SHA-256，小写十六进制", required=True),
                ],
                security="unitSignature",
                status="201",
                errors=f"400 {_KNOWN} 413",
            ),
            "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {}}}},
        }
    },
}
