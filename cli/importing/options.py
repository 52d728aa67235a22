"""What is asked of an import, and what things are called in the stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from heirloom.core.errors import Invalid


@dataclass(frozen=True)
class Names:
    """Other names for experiments and registered models: ``renamed`` by the old ones, ``prefix`` before all others."""

    prefix: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_words(cls, prefix: str, words: Sequence[str]) -> Names:
        """Of OLD=NEW each. Raises Invalid."""
        pairs = [word.partition("=") for word in words]
        if wrong := [word for word, (old, _, new) in zip(words, pairs, strict=True) if not old or not new]:
            raise Invalid(f"--rename {wrong[0]}: expected OLD=NEW")
        return cls(prefix, {old: new for old, _, new in pairs})

    def of(self, name: str) -> str:
        """What a thing of this name is called here."""
        return self.renamed.get(name, f"{self.prefix}{name}")


@dataclass(frozen=True)
class Options:
    """``patterns``: which experiments, by name; none for all."""

    patterns: Sequence[str] = ()
    names: Names = field(default_factory=Names)
    experiments: bool = True
    registry: bool = True
    artifacts: bool = True

    def wants(self, experiment: str) -> bool:
        """Whether an experiment of this name at the source is asked for."""
        return not self.patterns or any(fnmatchcase(experiment, pattern) for pattern in self.patterns)
