"""How the SIP stack is told what we want: it passes over lines that it does not know."""

from __future__ import annotations

from telephony.legs.sip_stack import configuration


def test_the_jitter_buffer_adapts_between_the_limits_of_the_settings() -> None:
    chosen = configuration(
        host="127.0.0.1",
        port=5060,
        maximum_calls=3,
        rtp_timeout_seconds=30,
        jitter_buffer_ms=(20, 100),
        rtp_ports=(20_000, 20_999),
    )
    lines = chosen.render().splitlines()
    assert "audio_jitter_buffer_type adaptive" in lines and "audio_jitter_buffer_ms 20-100" in lines
    assert "rtp_ports 20000-20999" in lines and "sip_listen 127.0.0.1:5060" in lines
