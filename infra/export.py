"""What the data stack tells the platform: named exports, so that the two stacks can only meet where it is written."""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct


def export(construct: Construct, attribute: str, value: str) -> str:
    """Export an attribute as ``<stack>:<construct><attribute>``, and return it as other stacks read it.

    An export that is in use can't be deleted: what holds data can't be pulled away under what uses it.
    """
    stack = Stack.of(construct)
    return str(stack.export_value(value, name=f"{stack.stack_name}:{construct.node.id}{attribute}"))
