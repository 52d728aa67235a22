"""CloudWatch alarms for the embedded AWS: evaluated by the clock, by AWS's rules, in place of MiniStack's evaluator.

What is like AWS, and what is not: docs/local-alarms.md. The pure modules (evaluation, expression, metric_math, ...)
can be imported without MiniStack, which reads its settings while it is imported: so it is imported in ``install``.
"""


def install() -> None:
    """Plug the alarms into MiniStack; in the emulator's process, before it serves. Raises Invalid if it has changed."""
    from local.alarms import plug  # noqa: PLC0415 - see above

    plug.install()


def shutdown() -> None:
    """Stop evaluating; what has been announced already is still sent."""
    from local.alarms import plug  # noqa: PLC0415 - see above

    plug.shutdown()
