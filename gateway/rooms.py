"""Bring the rooms up in the background, in the order in which they need each other, and keep them tidy afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from base.errors import UnavailableError
from base.logs import get_logger
from bot.understanding import Understanding
from conversations.service import ConversationService
from gateway.core import Core, Part
from gateway.desk import Desk
from gateway.loading import load_database
from knowledge.service import KnowledgeService
from workorders.catalogue import Catalogue
from workorders.model import CategorySuggestion

log = get_logger("gateway.rooms")
_SWEEP_SECONDS = 5.0
_PROBE_SECONDS = 10.0
_PROBE_TEXT = "你好"
_CATALOGUE_TRIES = 3
