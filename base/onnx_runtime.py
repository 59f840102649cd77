"""The one way to onnxruntime: without its telemetry.

The official wheels (1.31 on Linux) collect events about the process and its models and send them to Microsoft unless
`ORT_DISABLE_TELEMETRY` is set before the library is loaded (its `Privacy.md`, "Disabling Telemetry"); the call that
switches it off afterwards comes too late for the first event. Nothing of a hotline leaves its machines unasked, so
every part imports onnxruntime from here; the supervisor sets the variable for all processes too.
"""

from __future__ import annotations

import os
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

__all__ = ["onnxruntime", "quantization"]


def quantization() -> Any:
    """`onnxruntime.quantization`, which brings much with it."""
    import onnxruntime.quantization

    return onnxruntime.quantization
