"""A Git repository with DVC's files, made by hand as DVC's pages describe them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

BEGAN = 1_700_000_000
PIPELINE = """\
vars:
  - models: {kind: forest}
stages:
  prepare:
    cmd: python prepare.py
    deps: [data/raw.csv, prepare.py]
    params: [split]
    outs: [data/clean]
  train:
    cmd: python train.py
    deps: [data/clean, train.py]
    params:
      - train.depth
      - configs/${models.kind}.json:
    outs: [model.pkl]
    metrics:
      - metrics.json:
          cache: false
  score:
    foreach: [north, south]
    do:
      cmd: python score.py ${item}
      metrics: ["scores/${item}.yaml"]
metrics: [report/extra.toml]
artifacts:
  forest: {path: model.pkl, type: model, labels: [dry]}
"""
LOCK = """\
schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - {{path: data/raw.csv, hash: md5, md5: 22a1a2931c8370d3aeedd7183606fd7f, size: 14445097}}
    - {{path: prepare.py, hash: md5, md5: f09ea0c15980b43010257ccb9f0055e2, size: 1576}}
    params:
      params.yaml: {{split: 0.2}}
    outs:
    - {{path: data/clean, hash: md5, md5: 153aad06d376b6595932470e459ef42a.dir, size: 8437363, nfiles: 2}}
  train:
    cmd: python train.py
    deps:
    - {{path: data/clean, hash: md5, md5: 153aad06d376b6595932470e459ef42a.dir, size: 8437363, nfiles: 2}}
    outs:
    - {{path: model.pkl, hash: md5, md5: {model}, size: 1957931}}
  score@north:
    cmd: python score.py north
    outs:
    - {{path: scores/north.yaml, hash: md5, md5: 1111111111111111111111111111aaaa, size: 10}}
"""


@dataclass
class Repository:
    """Commits come an hour after each other; by ``commit`` the next one."""

    folder: Path
    commits: int = 0
    shas: list[str] = field(default_factory=list)

    def git(self, *words: str) -> str:
        moment = f"{BEGAN + 3600 * self.commits} +0000"
        names = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}
        names |= {"GIT_COMMITTER_NAME": "Bob", "GIT_COMMITTER_EMAIL": "bob@example.com"}
        dates = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment, "GIT_CONFIG_GLOBAL": os.devnull}
        command = ["git", "-c", "init.defaultBranch=main", *words]
        ran = subprocess.run(
            command, cwd=self.folder, env={**os.environ, **names, **dates}, capture_output=True, text=True, check=True
        )
        return ran.stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        """Write files, whose names have __ for / and _ for ., and commit them; the commit."""
        for name, text in files.items():
            path = self.folder / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        self.commits += 1
        self.shas.append(self.git("rev-parse", "HEAD"))
        return self.shas[-1]


def made(folder: Path) -> Repository:
    """Four commits, of which the second and the third are runs, and an experiment of `dvc exp` upon the third."""
    folder.mkdir(parents=True, exist_ok=True)
    repository = Repository(folder)
    repository.git("init", "--quiet")
    (folder / ".gitignore").write_text("/data\n/model.pkl\n/.dvc/cache\n")
    repository.commit("Begin", prepare_py="print()", train_py="print()")
    repository.commit(
        "Train a first forest\n\nIt is small.",
        dvc_yaml=PIPELINE,
        dvc_lock=LOCK.format(model="a" * 32),
        params_yaml="split: 0.2\ntrain: {depth: 3, layers: [1, 2], name: wood}\n",
        configs__forest_json='{"trees": 10, "split": 0.5}',
        metrics_json='{"acc": 0.8, "by": {"class": {"dry": 0.9, "wet": NaN}}, "note": "good", "ok": true}',
        scores__south_yaml="rmse: 2.5\n",
        report__extra_toml="late = 1.5\n",
    )
    repository.commit(
        "Train a larger one", dvc_lock=LOCK.format(model="b" * 32), params_yaml="split: 0.2\ntrain: {depth: 9}\n"
    )
    tried(repository, "steep-hill")
    repository.commit("Write about it", README_md="# forest")
    return repository


def tried(repository: Repository, name: str) -> str:
    """What `dvc exp run` leaves: a commit upon HEAD that no branch has."""
    base = repository.git("rev-parse", "HEAD")
    tried = repository.commit(f"dvc: commit experiment {name}", params_yaml="split: 0.2\ntrain: {depth: 12}\n")
    repository.git("update-ref", f"refs/exps/{base[:2]}/{base[2:]}/{name}", tried)
    repository.git("update-ref", "refs/exps/exec/EXEC_BASELINE", base)
    repository.git("reset", "--quiet", "--hard", base)
    repository.shas.pop()
    return tried
