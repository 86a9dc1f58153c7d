"""Dagster definitions: thin assets, sensors, schedules and checks that call ``pipeline``."""
