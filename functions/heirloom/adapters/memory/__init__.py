"""Every port in memory: for unit tests, and for trying the use cases in a shell. Contract tests keep it honest."""

from heirloom.adapters.memory.aws import (
    MemoryDeployments,
    MemoryEndpoints,
    MemoryExecutions,
    MemoryJobs,
    MemoryRegistry,
)
from heirloom.adapters.memory.incidents import MemoryIncidents, MemoryPager
from heirloom.adapters.memory.ledger import MemoryLedger
from heirloom.adapters.memory.lineage import MemoryLineage
from heirloom.adapters.memory.objects import MemoryObjects
from heirloom.adapters.memory.predictions import MemoryPredictions
from heirloom.adapters.memory.rollback import MemoryAnnouncements, MemoryDecisions, MemoryProbe, MemoryRecent
from heirloom.adapters.memory.routes import MemoryRoutes
from heirloom.adapters.memory.trials import MemoryAnswers, MemoryTrials
from heirloom.adapters.memory.watches import MemoryWatches

__all__ = [
    "MemoryAnnouncements",
    "MemoryAnswers",
    "MemoryDecisions",
    "MemoryDeployments",
    "MemoryEndpoints",
    "MemoryExecutions",
    "MemoryIncidents",
    "MemoryJobs",
    "MemoryLedger",
    "MemoryLineage",
    "MemoryObjects",
    "MemoryPager",
    "MemoryPredictions",
    "MemoryProbe",
    "MemoryRecent",
    "MemoryRegistry",
    "MemoryRoutes",
    "MemoryTrials",
    "MemoryWatches",
]
