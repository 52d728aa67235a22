"""The CDK app that ``cdk`` runs; what a deployment can choose with ``-c`` is in infra/settings.py."""

from infra.platform import HeirloomApp

HeirloomApp().synth()
