"""Every setting of every process, read from `config.yml` and overridable as `HOTLINE_SECTION__KEY`.

The file is looked for in `HOTLINE_CONFIG`, else beside the repository's `pyproject.toml`. What each section holds is in
`base/sections/`, one file for each part of the system.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Self

import yaml
from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

from base.errors import ConfigurationError
from base.sections.channels import ChannelSettings, Open311Settings, WechatSettings, WecomSettings
from base.sections.dialogue import DialogueSettings, KnowledgeSettings, RasaSettings, RephrasingSettings
from base.sections.node import (
    ClusterSettings,
    DatabaseSettings,
    DataSettings,
    RetentionSettings,
    ServiceSettings,
    TracingSettings,
    WebSettings,
)
from base.sections.orders import (
    AttachmentSettings,
    CallingSettings,
    OrderSettings,
    OutboxSettings,
    TextMessageSettings,
    VisitSettings,
)
from base.sections.seats import SeatSettings
from base.sections.security import OidcSettings, SecuritySettings
from base.sections.speech import RecogniserSettings, TurnTakingSettings, VoiceSettings
from base.sections.telephony import AdmissionSettings, RecordingSettings, TelephonySettings

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """All sections, in the order of `config.yml`, and what follows from several of them."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_nested_delimiter="__", extra="forbid")

    service: ServiceSettings = ServiceSettings()
    tracing: TracingSettings = TracingSettings()
    data: DataSettings = DataSettings()
    web: WebSettings = WebSettings()
    database: DatabaseSettings = DatabaseSettings()
    cluster: ClusterSettings = ClusterSettings()
    telephony: TelephonySettings = TelephonySettings()
    admission: AdmissionSettings = AdmissionSettings()
    recording: RecordingSettings = RecordingSettings()
    retention: RetentionSettings = RetentionSettings()
    turn_taking: TurnTakingSettings = TurnTakingSettings()
    recogniser: RecogniserSettings = RecogniserSettings()
    voice: VoiceSettings = VoiceSettings()
    rasa: RasaSettings = RasaSettings()
    dialogue: DialogueSettings = DialogueSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    rephrasing: RephrasingSettings = RephrasingSettings()
    orders: OrderSettings = OrderSettings()
    outbox: OutboxSettings = OutboxSettings()
    calling: CallingSettings = CallingSettings()
    visits: VisitSettings = VisitSettings()
    text_messages: TextMessageSettings = TextMessageSettings()
    attachments: AttachmentSettings = AttachmentSettings()
    wechat: WechatSettings = WechatSettings()
    wecom: WecomSettings = WecomSettings()
    channels: ChannelSettings = ChannelSettings()
    open311: Open311Settings = Open311Settings()
    seats: SeatSettings = SeatSettings()
    security: SecuritySettings = SecuritySettings()
    oidc: OidcSettings = OidcSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        path = Path(os.environ.get("HOTLINE_CONFIG", ROOT / "config.yml"))
        return (init_settings, env_settings, YamlConfigSettingsSource(settings_cls, yaml_file=path))

    @model_validator(mode="after")
    def _self_made_certificate(self) -> Self:
        """One setting is enough for TLS: the files are named here and made by `base.certificate`."""
        if self.web.tls_self_made and self.web.tls_certificate is None and self.web.tls_key is None:
            self.web.tls_certificate = self.web.tls_key = self.self_made_certificate
            if self.web.public_url == WebSettings().public_url:
                self.web.public_url = f"https://127.0.0.1:{self.web.port}"
        return self

    @property
    def var(self) -> Path:
        """The data directory, absolute."""
        return self.data.directory if self.data.directory.is_absolute() else ROOT / self.data.directory

    @property
    def key_file(self) -> Path:
        """Absolute; relative ones are relative to the repository, like the data directory."""
        chosen = self.security.key_file
        if chosen is None:
            return self.var / "contact_keys.json"
        return chosen if chosen.is_absolute() else ROOT / chosen

    @property
    def self_made_certificate(self) -> Path:
        """Certificate and key in one file."""
        return self.var / "tls" / "self-made.pem"

    @property
    def models(self) -> Path:
        return self.var / "models"

    @property
    def run(self) -> Path:
        """Local sockets, the internal token and process state; short paths, for a unix socket's name has 107 bytes."""
        return self.var / "run"

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite+aiosqlite:///{self.var / 'hotline.db'}"


@lru_cache(maxsize=1)
def load() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: the file or an environment variable does not fit; the message names the key.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"config.yml or HOTLINE_ variable {key!r}: {first['msg']}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"config.yml is not valid YAML: {str(error).splitlines()[0]}") from error
