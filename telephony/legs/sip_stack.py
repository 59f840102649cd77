"""How the SIP stack (libre/baresip) is set up: for the endpoint, and for the caller that tries it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import baresip

from base.sections.telephony import TelephonySettings

Transport = Literal["udp", "tcp"]
TRANSPORTS: Final[tuple[Transport, ...]] = ("udp", "tcp")


def account(settings: TelephonySettings, transport: Transport) -> baresip.Account:
    """Our address for one transport: the stack gives a request only to an account of the same transport."""
    return baresip.Account(
        user=settings.sip_user,
        domain=f"{settings.sip_host}:{settings.sip_port}",
        password="",
        reg_interval=0,
        transport=transport,
        audio_codecs=("pcma", "pcmu"),
        # Without these the stack sends a needless re-INVITE, and takes calls for one user only.
        extra_params=("catchall=yes", "video_codecs=none"),
    )


def configuration(
    *,
    host: str,
    port: int,
    maximum_calls: int | None,
    rtp_timeout_seconds: int,
    jitter_buffer_ms: tuple[int, int],
    rtp_ports: tuple[int, int],
    transports: Sequence[Transport] = TRANSPORTS,
) -> baresip.Config:
    """The stack's configuration, shared by the endpoint and by the test caller.

    `jitter_buffer_ms`: what comes is held back so long at least and at most. The buffer starts with the least and grows
    with the jitter that it sees, so a good line is heard early and a bad one whole (decision 0003).
    """
    low, high = jitter_buffer_ms
    return baresip.Config(
        net_interface=host,
        max_concurrent_calls=maximum_calls,
        rtp_timeout=rtp_timeout_seconds,
        native_log_level="error",
        extra_config_text="\n".join(
            (
                f"sip_listen {host}:{port}",
                f"sip_transports {','.join(transports)}",
                "call_hold_other_calls no",
                "audio_jitter_buffer_type adaptive",
                f"audio_jitter_buffer_ms {low}-{high}",
                f"rtp_ports {rtp_ports[0]}-{rtp_ports[1]}",
            )
        ),
    )
