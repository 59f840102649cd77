"""Settings into the rules of turn taking, and the models that they ask for; what is missing is gone without."""

from __future__ import annotations

from base.logs import get_logger
from base.sections.speech import TurnTakingSettings
from base.settings import Settings
from telephony.barge_in import BargeInRules
from telephony.endpointing import EndpointingRules
from telephony.errors import TelephonyError
from telephony.turn_end.learned import Learned, LearnedRules
from telephony.turn_end.opinions import Opinions
from telephony.turn_end.sentence_model import SentenceModel
from telephony.turn_end.silence import FixedSilence
from telephony.turn_end.sound_model import MODEL_NAME, SoundModel
from telephony.turn_end.strategy import TurnEnd
from telephony.turn_end.weights import WEIGHTS
from telephony.turn_taking import TurnTakingRules

log = get_logger("telephony.turn_rules")

SENTENCES_FOLDER = "turn-end"


def turn_taking(settings: Settings) -> tuple[TurnTakingRules, Opinions]:
    """The rules, and the models that their strategy asks. A model that is not there costs one line in the log: the
    strategy then works with what there is, in the end with silence alone."""
    chosen = settings.turn_taking
    wanted = chosen.end_of_turn
    sound = _sound(settings) if wanted in ("combined", "sound") else None
    sentences = _sentences(settings) if wanted in ("combined", "text") else None
    heard = settings.recogniser.engine != "none"
    strategy = strategy_for(chosen, sound=sound is not None, text=wanted in ("combined", "text") and heard)
    log.info("end_of_turn", wanted=wanted, strategy=strategy.name)
    return rules_with(chosen, strategy), Opinions(sound, sentences)


def strategy_for(chosen: TurnTakingSettings, *, sound: bool, text: bool) -> TurnEnd:
    """The strategy for these settings where only this evidence can be had."""
    if not (sound or text):
        return FixedSilence(chosen.patience_seconds)
    rules = LearnedRules(
        cut_off_cost_seconds=chosen.cut_off_cost_seconds,
        shortest_seconds=chosen.shortest_wait_seconds,
        longest_seconds=chosen.longest_wait_seconds,
        longest_patient_seconds=chosen.longest_patient_wait_seconds,
        text_within_seconds=chosen.text_within_seconds if text else 0.0,
    )
    return Learned(WEIGHTS, rules, sound=sound, text=text)


def rules_with(chosen: TurnTakingSettings, strategy: TurnEnd) -> TurnTakingRules:
    return TurnTakingRules(
        endpointing=EndpointingRules(
            speech_threshold=chosen.speech_threshold,
            silence_threshold=chosen.silence_threshold,
            minimum_speech_seconds=chosen.minimum_speech_seconds,
            maximum_turn_seconds=chosen.maximum_turn_seconds,
        ),
        barge_in=BargeInRules(
            pause_after_seconds=chosen.barge_in_pause_seconds, stop_after_seconds=chosen.barge_in_speech_seconds
        ),
        turn_end=strategy,
        first_silence_prompt_seconds=chosen.first_silence_prompt_seconds,
        second_silence_prompt_seconds=chosen.second_silence_prompt_seconds,
        filler_after_seconds=chosen.filler_after_seconds,
    )


def _sound(settings: Settings) -> SoundModel | None:
    try:
        return SoundModel(settings.models / MODEL_NAME)
    except TelephonyError as error:
        log.warning("no_sound_model", problem=str(error))
        return None


def _sentences(settings: Settings) -> SentenceModel | None:
    try:
        return SentenceModel.load(settings.models / SENTENCES_FOLDER)
    except TelephonyError as error:
        log.warning("no_sentence_model", problem=str(error))
        return None
