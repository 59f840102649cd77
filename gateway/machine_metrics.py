"""Metrics of the machine beneath the core: its processes, the disk of the data directory, the certificate's end.

Read when Prometheus asks, in the thread in which the answer is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil
from cryptography import x509
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from base.logs import get_logger

log = get_logger("gateway.machine_metrics")

# What a command line of ours ends in or names -> the process's name in metrics (hotline/supervision/plan.py).
_PROCESSES: Final = {
    "gateway.main": "core",
    "telephony.phone": "phone",
    "asr_models.server": "recogniser",
    "telephony.renderer": "renderer",
    "bot/rasa/serve.py": "rasa",
}


class MachineCollector(Collector):
    """`certificate`: the file whose end is told; None where TLS ends elsewhere."""

    def __init__(self, data: Path, certificate: Path | None) -> None:
        self._data = data
        self._certificate = certificate
        self._build = version("hotline-12345")

    def describe(self) -> Iterable[Metric]:
        """Nothing is collected at registration: it would cost a look at every process."""
        return []

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("hotline_build_info", "Version that runs; always 1", labels=["version"])
        build.add_metric([self._build], 1.0)
        yield build
        yield from self._disk()
        yield from _processes(os.getppid())
        yield from self._expiry()

    def _disk(self) -> Iterator[Metric]:
        try:
            usage = shutil.disk_usage(self._data)
        except OSError as error:
            log.warning("the disk cannot be measured", reason=error.strerror)
            return
        yield GaugeMetricFamily("hotline_disk_free_bytes", "Free on the disk of the data directory", value=usage.free)
        yield GaugeMetricFamily("hotline_disk_size_bytes", "Size of that disk", value=usage.total)

    def _expiry(self) -> Iterator[Metric]:
        if self._certificate is None:
            return
        try:
            end = x509.load_pem_x509_certificate(self._certificate.read_bytes()).not_valid_after_utc.timestamp()
        except (OSError, ValueError) as error:
            log.warning("the certificate cannot be read", reason=str(error))
            end = 0.0  # as good as expired: somebody must look
        yield GaugeMetricFamily(
            "hotline_certificate_not_after_timestamp_seconds", "When our certificate ends (Unix time)", value=end
        )


def name_of(command: list[str]) -> str | None:
    """A process of ours by its command line; None for all others."""
    for word in command:
        for ending, name in _PROCESSES.items():
            if word.endswith(ending):
                return name
    return None


def _processes(supervisor: int) -> Iterator[Metric]:
    """Those that our supervisor started; by name, so that restarts make no new series. Sums over equal names."""
    seconds: dict[str, float] = {}
    resident: dict[str, float] = {}
    threads: dict[str, float] = {}
    try:
        children = psutil.Process(supervisor).children()
    except psutil.Error:
        children = []
    known = {child.pid: child for child in children}
    known.setdefault(os.getpid(), psutil.Process())
    for child in known.values():
        try:
            with child.oneshot():
                name = name_of(child.cmdline())
                if name is None:
                    continue
                times = child.cpu_times()
                seconds[name] = seconds.get(name, 0.0) + times.user + times.system
                resident[name] = resident.get(name, 0.0) + child.memory_info().rss
                threads[name] = threads.get(name, 0.0) + child.num_threads()
        except psutil.Error:
            continue  # it has just ended
    yield _by_process(CounterMetricFamily("hotline_process_cpu_seconds", "CPU time used", labels=["process"]), seconds)
    yield _by_process(
        GaugeMetricFamily("hotline_process_resident_memory_bytes", "Resident memory, shared pages counted for each",
                          labels=["process"]), resident,
    )  # fmt: skip
    yield _by_process(GaugeMetricFamily("hotline_process_threads", "Threads", labels=["process"]), threads)


def _by_process(
    family: CounterMetricFamily | GaugeMetricFamily, values: dict[str, float]
) -> CounterMetricFamily | GaugeMetricFamily:
    for name, value in sorted(values.items()):
        family.add_metric([name], value)
    return family
