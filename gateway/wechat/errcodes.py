"""What the error codes of WeChat's APIs mean for a message that was to be sent. Pure.

Official Account: developers.weixin.qq.com, 全局返回码. WeCom: developer.work.weixin.qq.com, 全局错误码.
"""

from __future__ import annotations

from typing import Final, Literal

from base.errors import HotlineError

Meaning = Literal["token", "used_up", "unreachable", "busy", "slow_down", "not_now", "refused"]

_MEANINGS: Final[dict[int, Meaning]] = {
    -1: "busy",
    40001: "token",
    40014: "token",
    42001: "token",
    41001: "token",
    45015: "used_up",  # the citizen has not written for too long
    45047: "used_up",  # too many since the citizen wrote
    95001: "used_up",  # the same in WeCom: too many messages
    95002: "used_up",  # and: more than 48 hours
    40003: "unreachable",  # no such openid
    43004: "unreachable",  # no longer a follower
    43101: "unreachable",  # a notice that the citizen has not subscribed to
    40096: "unreachable",  # no such external_userid
    48001: "not_now",  # the account lacks the API: what waits goes out with the next answer
    95018: "not_now",  # the session is with somebody else, or over
    45009: "slow_down",
    45011: "slow_down",
    45033: "slow_down",
}


class WechatError(HotlineError):
    """A call of WeChat's API that did not succeed."""


class ApiRefused(WechatError):
    """WeChat answered with an error code. Its own text is not kept: it may name the citizen."""

    def __init__(self, errcode: int) -> None:
        super().__init__(f"WeChat's API answered with error code {errcode}")
        self.errcode = errcode

    @property
    def meaning(self) -> Meaning:
        return meaning(self.errcode)


class NoAccessToken(WechatError):
    """WeChat gives no access token: most often a secret or an address of ours that it does not know."""


class ApiUnreachable(WechatError):
    """No answer, or none that can be read: whether the call took effect is not known."""


def meaning(errcode: int) -> Meaning:
    """`refused`: everything that sending again would not change."""
    return _MEANINGS.get(errcode, "refused")
