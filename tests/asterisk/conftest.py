"""The telephone of the leg tests and the phone process of the SIP tests serve here too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "telephony"))
