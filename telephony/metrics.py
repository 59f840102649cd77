"""What the phone counts. No label ever holds a number, a name or a call."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_WAITS = (0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.5, 8.0, 12.0, 20.0)
_LAGS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.5)


class PhoneMetrics:
    """One set a process, in a registry of its own; sent to the core, which shows it under `/metrics`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"hotline_phone_{name}", text, labels, registry=self.registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"hotline_phone_{name}", text, labels, buckets=buckets, registry=self.registry)

        self.calls_active = Gauge("hotline_phone_calls_active", "Calls at this moment", registry=self.registry)
        self.core_connected = Gauge("hotline_phone_core_connected", "1: link to the core is up", registry=self.registry)
        self.prompts_ready = Gauge("hotline_phone_prompts_ready", "1: all prompts are rendered", registry=self.registry)
        self.calls = counter("calls", "Calls that ended, by reason", "reason")
        self.pbx_calls = counter("pbx_calls", "Calls that came over a link to a PBX", "link")
        self.pbx_refused = counter("pbx_refused", "Connections of PBXs that were not taken", "link", "why")
        self.turns = counter("turns", "Turns given to the core", "kind")
        self.barge_ins = counter("barge_ins", "Playbacks that the caller interrupted")
        self.playback_pauses = counter("playback_pauses", "Times the bot fell silent at a sound of the caller")
        self.sound_opinions = counter("sound_opinions", "Questions to the end-of-turn sound model", "result")
        self.back_channels = counter("back_channels", "Short sounds during playback that were no turns")
        self.resumed = counter("resumed", "Interrupted playbacks that went on because nothing had been said")
        self.prompts = counter("prompts", "Sentences of the phone itself", "prompt")
        self.greetings = counter("greetings", "Greetings, by where the text came from", "source")
        self.guesses = counter(
            "guesses",
            "Recognitions begun at a short pause: used, dropped while under way, or outdated when done",
            "result",
        )
        self.recognition_failures = counter("recognition_failures", "Utterances that could not be recognised")
        self.rendering_failures = counter("rendering_failures", "Sentences that could not be rendered")
        self.prerendered_pieces = counter("prerendered_pieces", "Pieces of speech rendered before anybody asked")
        self.prerender_waiting = Gauge(
            "hotline_phone_prerender_waiting", "Texts that wait to be rendered ahead", registry=self.registry
        )
        self.recognition_seconds = histogram("recognition_seconds", "End of turn to recognised text", _WAITS)
        self.reply_seconds = histogram("reply_seconds", "Turn given to reply received", _WAITS)
        self.voice_to_voice_seconds = histogram(
            "voice_to_voice_seconds", "Last sound of the caller to first sound of the answer", _WAITS
        )
        self.ticker_lag_seconds = histogram("ticker_lag_seconds", "How late a 20 ms tick came", _LAGS)
        self.voice_activity_seconds = histogram("voice_activity_seconds", "One batched run of the detector", _LAGS)
        self.recordings = counter(
            "recordings", "Recordings: begun, failed, deleted, or left out for want of room", "what"
        )
        self.arrivals = counter("arrivals", "Calls that rang: served at once, waiting or refused", "arrival")
        self.turned_away = counter(
            "turned_away",
            "Refused callers: noted for a call-back, repeated, beyond the limit, or number unknown",
            "outcome",
        )
        self.legs = Gauge(
            "hotline_phone_legs", "Legs of bridged calls besides the callers' own", ["kind"], registry=self.registry
        )
        self.bridges = Gauge("hotline_phone_bridges", "Calls that go through the mixer", registry=self.registry)
        self.bridged = counter("bridged", "Attempts to bring somebody into a call, by how they ended", "role", "result")
        self.mix_seconds = histogram("mix_seconds", "One mix of 20 ms", (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005))
        self.waiting_ended = counter("waiting_ended", "Calls that left the waiting room, by how", "departure")

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"hotline_phone_{name}", text, registry=self.registry)

        self.recording_possible = gauge("recording_possible", "0: no room on the disk, or no key, to record calls with")
        self.serving = gauge("serving", "Calls being served")
        self.waiting = gauge("waiting", "Calls in the waiting room")
        self.capacity = gauge("capacity_calls", "How many calls can be served at once, as estimated now")
        self.level = gauge("level", "0: new calls are served at once, 1: they wait, 2: they are refused")
        self.recogniser_lag_seconds = gauge("recogniser_lag_seconds", "95th percentile of the wait for words, recent")
        self.late_frames = gauge("late_frames_ratio", "Share of 20 ms beats that came late, recent")

    def text(self) -> str:
        """All values in Prometheus' text format."""
        return generate_latest(self.registry).decode()
