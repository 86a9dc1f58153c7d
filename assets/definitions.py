"""What Dagster loads."""

import dagster as dg

from assets import automation, batch, checks
from assets.resources import BatchInHand, NothingIsStored, Office

defs = dg.Definitions(
    assets=dg.load_assets_from_modules([batch]),
    asset_checks=dg.load_asset_checks_from_modules([checks]),
    jobs=[automation.process_batch, automation.publish, automation.purge],
    sensors=[automation.inbox],
    schedules=[automation.every_morning, automation.every_night],
    resources={
        "office": Office(),
        "batch": BatchInHand.configure_at_launch(),
        "io_manager": NothingIsStored(),
    },
    executor=dg.in_process_executor,
)
