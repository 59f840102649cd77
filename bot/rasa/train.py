"""Train Rasa's NLU once, from a bare set-up: `python bot/rasa/train.py --config C --domain D --nlu N --out FOLDER`.

Runs in Rasa's own environment (Python 3.10) and makes the model that `rasa train nlu` makes, without what only a second
training would use: the fingerprints of every component's input and output for Rasa's cache, and what the classifier,
the last component, says of the very sentences that it has just learnt. Both are two fifths of the time on 36,000
sentences; set-up keeps a stamp of its own. The model is written to `FOLDER/nlu.tar.gz`.
"""

import argparse
import os
import sys

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("config", "domain", "nlu", "out"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()

    from rasa.engine.training.hooks import TrainingHook
    from rasa.model_training import train_nlu
    from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier

    TrainingHook.on_before_node = lambda *_arguments, **_named: {}
    TrainingHook.on_after_node = lambda *_arguments, **_named: None
    LogisticRegressionClassifier.process_training_data = lambda _self, training_data: training_data
    model = train_nlu(arguments.config, arguments.nlu, arguments.out, fixed_model_name="nlu", domain=arguments.domain)
    if not model:
        print("rasa: nothing was trained", file=sys.stderr)
        return 1
    print(f"rasa: {model}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
