"""Whatever is asked for in whatever order, a model, its versions, stages and aliases go together."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from heirloom.core.errors import HeirloomError
from tests.unit.tracking.registry.registry import Registry

NAMES = st.sampled_from(["kite", "hawk"])
NUMBERS = st.integers(1, 5)
STAGES = ("None", "Staging", "Production", "Archived")


@dataclass
class Model:
    """What a model has to be like: the stage of each version, the version of each alias."""

    last: int = 0
    stages: dict[int, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry()
        self.models: dict[str, Model] = {}

    @rule(name=NAMES)
    def create(self, name: str) -> None:
        with _Refused(name in self.models):
            self.registry.create(name)
        self.models.setdefault(name, Model())

    @rule(name=NAMES)
    def add(self, name: str) -> None:
        model = self.models.get(name)
        with _Refused(model is None):
            version = self.registry.add(name)
        if model:
            model.last += 1
            assert version["version"] == str(model.last)
            model.stages[model.last] = "None"

    @rule(name=NAMES, number=NUMBERS, stage=st.sampled_from(STAGES), archive=st.booleans())
    def move(self, name: str, number: int, stage: str, archive: bool) -> None:
        stages = self._stages(name)
        serves = stage in ("Staging", "Production")
        refused = number not in stages or (archive and not serves)
        with _Refused(refused):
            self.registry.stage(number, stage, archive, name)
        if not refused:
            gone = [each for each, its in stages.items() if archive and its == stage]
            stages.update(dict.fromkeys(gone, "Archived") | {number: stage})

    @rule(name=NAMES, number=NUMBERS)
    def drop(self, name: str, number: int) -> None:
        stages = self._stages(name)
        with _Refused(number not in stages):
            self.registry.ask("DELETE", "model-versions/delete", name=name, version=str(number))
        if number in stages:
            model = self.models[name]
            del model.stages[number]
            model.aliases = {alias: each for alias, each in model.aliases.items() if each != number}

    @rule(name=NAMES, number=NUMBERS, alias=st.sampled_from(["best", "tried"]))
    def call(self, name: str, number: int, alias: str) -> None:
        refused = number not in self._stages(name)
        with _Refused(refused):
            self.registry.alias(alias, number, name)
        if not refused:
            self.models[name].aliases[alias] = number

    @rule(name=NAMES, new_name=NAMES)
    def rename(self, name: str, new_name: str) -> None:
        refused = name not in self.models or (new_name != name and new_name in self.models)
        with _Refused(refused):
            self.registry.rename(name, new_name)
        if not refused:
            self.models[new_name] = self.models.pop(name)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        with _Refused(name not in self.models):
            self.registry.delete(name)
        self.models.pop(name, None)

    @invariant()
    def all_goes_together(self) -> None:
        for name, model in self.models.items():
            told = self.registry.model(name)
            assert {each["alias"]: int(each["version"]) for each in told.get("aliases", [])} == model.aliases
            newest = {stage: str(number) for number, stage in sorted(model.stages.items())}
            assert self.registry.latest(name) == newest
            for number, stage in model.stages.items():
                version = self.registry.version(number, name)
                assert version["current_stage"] == stage
                assert set(version.get("aliases", [])) == {key for key, each in model.aliases.items() if each == number}

    @invariant()
    def nothing_else_is_kept(self) -> None:
        ids = [f"{name}/{number:08d}" for name, model in self.models.items() for number in model.stages]
        assert self.registry.kept() == (sorted(self.models), sorted(ids))

    def _stages(self, name: str) -> dict[int, str]:
        return self.models[name].stages if name in self.models else {}


class _Refused:
    """What is in it has to be refused, or has not to be."""

    def __init__(self, refused: bool) -> None:
        self._refused = refused

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        refused = kind is not None and issubclass(kind, HeirloomError)
        assert refused == self._refused or (kind and not refused)
        return refused


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
