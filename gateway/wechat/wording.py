"""What is said only in WeChat; everything else is said by the dialogue."""

from __future__ import annotations

from typing import Final

from bot import wording

TOO_FAST: Final = "您发得有点快，请稍等一分钟再发，前面的内容我们都收到了。"
TROUBLE: Final = "系统刚才出了点问题，这条消息没有处理成功，请您再发一次。"
VOICE_NOT_HEARD: Final = "这条语音没有听清，请再说一遍，或者打字告诉我们。"
VOICE_NOT_READ: Final = "语音收到了，已经留给工作人员，但这种格式我听不了。请您打字告诉我们，或者直接打电话。"
KIND_NOT_READ: Final = "这种消息我们还看不了，请打字或者用语音告诉我们。"
NOT_RECEIVED: Final = "您发的{what}没有收全，请再发一次。"
KEPT: Final = "{what}收到了，会附在您的诉求里。请说说是什么事、在哪里。"
KEPT_IN_FORM: Final = "{what}收到了，会附在这次的诉求里。"
KEPT_FOR_SEAT: Final = "{what}收到了，坐席能看到。"
ATTACHED: Final = "{what}已经附到工单{order_no}。"
NOT_ATTACHED: Final = "{what}收到了，但没能附到工单{order_no}：{reason}"
PLACE_KEPT: Final = "位置收到了：{place}。请说说那里是什么情况。"
PLACE_GUESSED: Final = "位置收到了，看起来在{place}附近。请再打字写一下在哪条街、什么位置；如果不是那里，也请告诉我。"
PLACE_WITHOUT_NAME: Final = "位置收到了，但没有地址文字，请再打字写一下在哪条街、什么位置。"
LINK_KEPT: Final = "链接收到了，坐席能看到。请再用几句话说说您要反映的事。"
NAMES: Final = {"image": "图片", "voice": "语音", "video": "视频", "file": "文件"}
MORE: Final = "微信限制了我们连续发送的条数，后面的内容请点这里看，也可以回复任意文字继续接收：{url}"
HANDED_OVER: Final = "正在为您转接人工客服，请稍候。"


def greeting(hotline_name: str) -> str:
    return wording.GREETING.format(name=hotline_name)
