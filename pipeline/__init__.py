"""Uketsuke: from a scanner tray to a decided, audited record. Knows no Dagster."""

__version__ = "0.6.0"
