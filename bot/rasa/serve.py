"""Rasa's NLU over HTTP, for the core alone: `python bot/rasa/serve.py --model nlu.tar.gz --port 5005`.

Runs in Rasa's own environment (Python 3.10). Binds the loopback only and answers `POST /model/parse` and `GET /` and
nothing else: Rasa's other routes (loading another model, training, conversations) are closed, so that nobody on this
machine can make it load a model that we did not train. Ends when its standard input closes, if `--until-stdin-closes`
is given, so that it never outlives its supervisor.
"""

import argparse
import logging
import os
import sys
import threading
from functools import partial
from pathlib import Path

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")

OPEN_ROUTES = {("GET", "/"), ("GET", "/status"), ("POST", "/model/parse")}
LARGEST_REQUEST_BYTES = 64 * 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained model, a .tar.gz")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--until-stdin-closes", action="store_true")
    arguments = parser.parse_args()
    if not arguments.model.is_file():
        print(f"rasa: no model at {arguments.model}; run `hotline setup`", file=sys.stderr)
        return 1

    import jieba
    import structlog
    from rasa.core.run import configure_app, load_agent_on_start
    from rasa.core.utils import AvailableEndpoints
    from sanic import response

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("rasa").setLevel(logging.WARNING)
    logging.getLogger("sanic.access").setLevel(logging.WARNING)
    # Rasa logs every text it parses at debug level: citizens' words must not reach a log.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    jieba.setLogLevel(logging.WARNING)
    jieba.dt.tmp_dir = str(arguments.model.parent.resolve())  # its dictionary cache stays in our data directory

    app = configure_app(enable_api=True, port=arguments.port)
    app.config.REQUEST_MAX_SIZE = LARGEST_REQUEST_BYTES
    app.config.ACCESS_LOG = False

    @app.middleware("request")
    async def only_parsing(request):
        if (request.method, request.path) not in OPEN_ROUTES:
            return response.json({"error": "closed"}, status=404)
        return None

    app.register_listener(
        partial(load_agent_on_start, str(arguments.model), AvailableEndpoints(), None), "before_server_start"
    )

    @app.listener("after_server_start")
    async def tell(app, loop):
        print(f"rasa: listening on 127.0.0.1:{arguments.port}", flush=True)

    if arguments.until_stdin_closes:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    app.run(host="127.0.0.1", port=arguments.port, workers=1, access_log=False)
    return 0


def _end_with_stdin() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main())
